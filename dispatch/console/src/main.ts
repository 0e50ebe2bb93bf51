import { mount } from "svelte";

import "@fontsource/b612/latin-400.css";
import "@fontsource/b612/latin-700.css";

import App from "./App.svelte";
import "./app.css";

const target = document.getElementById("app");
if (target === null) throw new Error("the page has no element #app");
mount(App, { target });
