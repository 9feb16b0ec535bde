// Main: draws the page and begins.

import { mount } from "svelte"
import App from "./App.svelte"
import "./css/main.css"
import { begin } from "./state"

begin()
mount(App, { target: document.getElementById("app")! })
