import { render } from "preact";
import { App } from "./app.tsx";
import { listen } from "./live.ts";

listen();
render(<App />, document.getElementById("app")!);
