import { mount } from "svelte";

import "@fontsource/b612/latin-400.css";
import "@fontsource/b612/latin-700.css";

import Door from "./Door.svelte";
import "./app.css";

const target = document.getElementById("app");
if (target === null) throw new Error("the page has no element #app");
mount(Door, { target });
