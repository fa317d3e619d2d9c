// What the server can do, and what it says when it cannot.

import { $, say } from "./parts.js";
import { home } from "./page.js";

export let model = { id: "", capabilities: [] };
export const can = what => model.capabilities.includes(what);
// Until the server has said what it takes.
const limits = { bytes: 20 * 1048576, formats: ["image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"] };
export const most = () => model.limits ?? limits;
export const megabytes = bytes => Math.round(bytes / 1048576) + " MB";
export const names = () =>
	most()
		.formats.map(type => type.slice(6))
		.map(name => (name === "webp" ? "WebP" : name.toUpperCase()));
export const words = {
	busy: "The server is busy.",
	model_loading: "The model is still loading.",
	timeout: "That took too long.",
	network: "The server cannot be reached. Is blip serve still running?",
	image_corrupt: "The server cannot read this image. The file seems to be damaged.",
	internal: "Something went wrong on the server. Its log says what.",
};
export const plain = error => words[error.code] ?? error.message;

// A call that needs a key waits for it, and goes on.
let keyed = null;
export async function withKey(run) {
	for (;;) {
		try {
			return await run();
		} catch (error) {
			if (error.code !== "unauthorized") throw error;
		}
		await (keyed ??= new Promise(done => {
			const form = $("access"),
				key = $("key");
			form.hidden = false;
			if (key.value) form.firstElementChild.textContent = "This key is not accepted";
			key.focus();
			key.select();
			say(form.firstElementChild.textContent);
			form.onsubmit = event => {
				event.preventDefault();
				sessionStorage.setItem("blip-key", key.value);
				form.hidden = true;
				keyed = null;
				home();
				done();
			};
		}));
	}
}

export const unless = (signal, promise) =>
	new Promise((done, fail) => {
		signal.addEventListener("abort", () => fail(signal.reason));
		promise.then(done, fail);
	});

// Azure Functions looks for the key under a name of its own.
export const keyHeader = () => sessionStorage.getItem("blip-key-header") ?? "x-api-key";

async function call(path, { body, type, signal, kind = "json" } = {}) {
	const key = sessionStorage.getItem("blip-key");
	const headers = { ...(type && { "Content-Type": type }), ...(key && { [keyHeader()]: key }) };
	const response = await fetch(path, { method: body ? "POST" : "GET", body, signal, headers }).catch(error => {
		throw signal?.aborted ? error : Object.assign(error, { code: "network" });
	});
	if (response.ok) return response[kind]();
	const problem = await response.json().catch(() => ({}));
	// Under /v1 an error has OpenAI's form.
	let { code, detail, message } = problem.error ?? problem;
	// It also refuses by itself, without a body.
	if (response.status === 401 && !code) {
		code = "unauthorized";
		sessionStorage.setItem("blip-key-header", "x-functions-key");
	}
	throw Object.assign(new Error(detail ?? message ?? `The server answered ${response.status}.`), {
		code,
		retryAfter: +response.headers.get("Retry-After"),
	});
}

const json = (path, body, signal) => call(path, { body: JSON.stringify(body), type: "application/json", signal });

export const backend = {
	async learn() {
		model = (await call("v1/models")).data[0];
	},
	async image(source) {
		const body = await source.bytes();
		return call("api/images", { body, type: body.type || "application/octet-stream" });
	},
	ask: (body, signal) => json("api/ask", body, signal),
	score: (body, signal) => json("api/score", body, signal),
	caption: body => json("api/caption", body),
	search: body => json("api/search", body),
	blob: path => call(path, { kind: "blob" }),
	samples: [
		["dogs.jpg", "how many dogs are in the picture?", "what color is the tree?", "is there a cat?", "what is the weather like?"],
		["street.jpg", "what color is the bus?", "how many vehicles are there?", "what color is the car?", "where is this?"],
	].map(([name, ...questions]) => ({
		name,
		questions,
		url: "page/" + name,
		bytes: () => fetch("page/" + name).then(response => response.blob()),
	})),
};
