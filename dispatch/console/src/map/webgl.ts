let found: boolean | undefined;

/** Whether this browser can draw with WebGL 2; asked once. */
export function webgl(): boolean {
  found ??= document.createElement("canvas").getContext("webgl2") !== null;
  return found;
}
