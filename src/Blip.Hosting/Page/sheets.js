// What opens over the page.

import { $, button, copy, make, percent, say } from "./parts.js";
import { backend, keyHeader, model, plain, withKey } from "./server.js";
import { ranks } from "./answer.js";
import { open } from "./page.js";

function sheet(title, ...nodes) {
	$("sheet-title").textContent = title;
	$("sheet-body").replaceChildren(...nodes);
	$("sheet").showModal();
}

export const sheets = {
	model: () =>
		sheet(
			"Model: " + model.id,
			model.id === "demo" ? withCopy(Object.assign($("demo").cloneNode(true), { id: "" })) : "It answers short questions.",
		),

	keys() {
		const list = $("keys").content.cloneNode(true),
			box = list.querySelector("input");
		box.checked = localStorage.getItem("blip-keys") !== "false";
		box.onchange = () => localStorage.setItem("blip-keys", box.checked);
		sheet("Keyboard", list);
	},

	code(item) {
		const { question, choices, of, pane, result } = item;
		const shell = text => `'${text.replaceAll("'", "'\\''")}'`;
		const file = name => (/^[\w.-]+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`);
		const names = (of ?? [pane]).map(each => each.name);
		const parts = names.map(name => ` \\\n  -F ${shell("image=@" + file(name))}`).join("");
		const key = sessionStorage.getItem("blip-key") ? ` \\\n  -H "${keyHeader()}: $BLIP_API_KEY"` : "";
		const quoted = text => JSON.stringify(text);
		const read = name => `BlipImage.FromFile(${quoted(name)})`;
		const chosen = choices ? `, new AskOptions { Choices = [${choices.map(quoted).join(", ")}] }` : "";
		const forms = {
			curl:
				`curl ${new URL("api/ask", location)}${key}${parts} \\\n  --form-string ${shell("question=" + question)}` +
				(choices ?? []).map(each => ` \\\n  --form-string ${shell("choices=" + each)}`).join("") +
				(of ? " \\\n  --form-string 'frames=true'" : ""),
			"C#": [
				`await using BlipModel blip = await BlipModel.LoadAsync(${model.id === "demo" ? "" : quoted(model.id)});`,
				`BlipImage image = ${of ? `BlipImage.FromFrames([${names.map(read).join(", ")}])` : read(pane.name)};`,
				`Answer answer = await blip.AskAsync(image, ${quoted(question)}${chosen});`,
			].join("\n"),
			JSON: JSON.stringify({ question, ...result, model: model.id }, null, 2),
		};
		const text = make("pre", { tabIndex: 0 });
		const tabs = Object.keys(forms).map(name => button(name, () => pick(name)));
		const pick = name => {
			text.textContent = forms[name];
			text.ariaLabel = name;
			tabs.forEach(tab => (tab.ariaPressed = tab.textContent === name));
		};
		pick("curl");
		sheet(
			"Use this in code",
			make(
				"div",
				{ className: "tabs" },
				...tabs,
				make("span", { className: "gap" }),
				button("Copy", event => copy(text.textContent, event.currentTarget), { mark: "copy", look: "plain" }),
			),
			text,
		);
	},

	score(pane) {
		sheet("Score a text", $("scorer").content.cloneNode(true));
		const [form, , result] = $("sheet-body").children;
		form.onsubmit = async event => {
			event.preventDefault();
			result.replaceChildren(make("i", { className: "spin" }));
			try {
				const { signal } = new AbortController();
				const { phrases, probabilities, score } = await pane.call({ prompt: form[0].value }, signal, backend.score);
				const rows = phrases.map((text, n) => ({ text, probability: probabilities[n] }));
				const textContent = rows.length ? percent(score) : "The text names nothing. Give words such as “a red car”.";
				result.replaceChildren(make("p", { className: rows.length ? "said" : "", textContent }), ...ranks(rows, "Phrases"));
				say(textContent);
			} catch (error) {
				result.replaceChildren(make("p", { textContent: plain(error) }));
			}
		};
	},

	find() {
		sheet("Find images", $("finder").content.cloneNode(true));
		const [form, hits] = $("sheet-body").children;
		form.onsubmit = async event => {
			event.preventDefault();
			hits.replaceChildren(make("li", { className: "spin" }));
			try {
				const { results } = await withKey(() => backend.search({ query: form[0].value }));
				// With a key, which the src of an image cannot send.
				const found = await Promise.all(
					results.map(async hit => ({ ...hit, url: URL.createObjectURL(await backend.blob(hit.url)) })),
				);
				hits.replaceChildren(
					...found.map(hit =>
						make(
							"li",
							null,
							make(
								"button",
								{
									onclick() {
										$("sheet").close();
										open(hit);
									},
								},
								make("img", { src: hit.url, alt: "" }),
								hit.name,
							),
						),
					),
				);
				say(results.length + " found");
			} catch (error) {
				hits.replaceChildren(make("li", { textContent: plain(error) }));
			}
		};
	},
};

export function withCopy(block) {
	block.hidden = false;
	const line = block.querySelector(".command");
	line.querySelector("button")?.remove();
	line.append(button("Copy", event => copy(line.firstElementChild.textContent, event.currentTarget), { mark: "copy" }));
	return block;
}
