// Asks questions about images. An answer belongs to its image because each image has an element, a handle and a thread of its own.

import { $, button, icon, make, say, touch } from "./parts.js";
import { backend, can, megabytes, model, most, names, plain, withKey } from "./server.js";
import { Pane } from "./image.js";
import { sheets, withCopy } from "./sheets.js";

export let panes = [],
	shown = null;

const list = words => words.slice(0, -1).join(", ") + " or " + words.at(-1);

// Where the focus goes when what held it is gone. On a phone that would raise the keyboard.
export const home = () =>
	touch || (shown && !shown.broken ? shown.field : (shown?.thumb ?? $("start").querySelector("button"))).focus({ preventScroll: true });

// ---- The images on the page ----

export function select(pane, focus = true) {
	shown = pane ?? null;
	for (const each of panes) {
		each.root.hidden = each !== pane;
		each.thumb.toggleAttribute("aria-current", each === pane);
		each.mark();
		each.offer();
	}
	$("start").hidden = panes.length > 0;
	$("strip").hidden = !panes.length;
	$("clear").hidden = panes.length < 2;
	pane?.thumb.scrollIntoView({ block: "nearest", inline: "nearest" });
	if (focus) home();
}

function lay() {
	$("panes").replaceChildren(...panes.map(pane => pane.root));
	$("strip").firstElementChild.replaceChildren(...panes.map(pane => pane.slot));
}

export function open(source) {
	const pane = new Pane(source);
	panes.push(pane);
	lay();
	select(pane);
	return pane;
}

function take(files) {
	const refused = [],
		{ bytes, formats } = most();
	for (const file of files)
		// A file without a type is judged by the server, by its content.
		if (file.type && !formats.includes(file.type))
			refused.push(
				/hei[cf]/i.test(file.type + file.name)
					? `${file.name} is a HEIC photo, which Blip does not read. Save it as JPEG or PNG.`
					: `${file.name} is not an image that Blip reads. Use ${list(names())}.`,
			);
		else if (file.size > bytes) refused.push(`${file.name} is too large: ${megabytes(file.size)}. The limit is ${megabytes(bytes)}.`);
		else open({ name: file.name || "pasted image", url: URL.createObjectURL(file), bytes: () => file });
	if (refused.length) notice(refused.join(" "), "bad");
}

let forget = null;
export function notice(text, name = "", label, act) {
	forget?.();
	forget = null;
	const place = $("notice");
	const close = then => {
		forget = null;
		place.hidden = true;
		then();
	};
	place.className = name;
	place.replaceChildren(
		...(name ? [icon("warn")] : []),
		make("p", { textContent: text }),
		...(label ? [button(label, () => close(act), { look: "plain" })] : []),
		button("Dismiss", () => {
			forget?.();
			close(home);
		}),
	);
	place.hidden = false;
	say(text);
}

export function remove(gone) {
	const before = panes,
		at = panes.indexOf(gone[0]),
		was = shown;
	panes = panes.filter(pane => !gone.includes(pane));
	lay();
	select(panes.includes(was) ? was : panes[Math.min(at, panes.length - 1)]);
	notice(gone.length > 1 ? `${gone.length} images removed.` : `${gone[0].name} removed.`, "", "Undo", () => {
		panes = [...before, ...panes.filter(pane => !before.includes(pane))];
		lay();
		select(was);
	});
	forget = () => gone.forEach(pane => pane.end());
}

// ---- Choose, drop, paste, keys ----

for (const each of document.querySelectorAll("[data-open]"))
	each.onclick = event => {
		event.stopPropagation();
		$(each.dataset.open).click();
	};
$("drop").onclick = $("add").onclick = () => $("file").click();
for (const id of ["file", "photo"])
	$(id).onchange = event => {
		take(event.target.files);
		event.target.value = "";
	};
$("clear").onclick = () => remove([...panes]);
$("model").onclick = sheets.model;
$("help").onclick = sheets.keys;
$("find").onclick = sheets.find;

const cover = on => ($("cover").hidden = !on);
addEventListener("dragover", event => {
	event.preventDefault();
	cover(event.dataTransfer.types.includes("Files"));
});
addEventListener("dragleave", event => event.relatedTarget || cover(false));
addEventListener("drop", event => {
	event.preventDefault();
	cover(false);
	const { files, types } = event.dataTransfer;
	if (files.length) take(files);
	else if (types.includes("text/uri-list")) notice("That is a link, not a file. Save the image, then drop the file here.", "bad");
});
addEventListener("paste", event => take(event.clipboardData.files));

addEventListener("keydown", event => {
	if (
		event.ctrlKey ||
		event.metaKey ||
		event.altKey ||
		event.target.matches("input:not([type=range]), textarea") ||
		$("sheet").open ||
		localStorage.getItem("blip-keys") === "false"
	)
		return;
	const next = by => select(panes[(panes.indexOf(shown) + by + panes.length) % panes.length], false);
	const act = {
		"/": () => shown?.field.focus(),
		o: () => $("file").click(),
		"?": sheets.keys,
		Escape: () => shown?.look(null),
		"[": () => shown && next(-1),
		"]": () => shown && next(1),
		w: () => shown?.thread.querySelector("[aria-pressed]")?.click(),
	}[event.key];
	if (act) {
		event.preventDefault();
		act();
	}
});

async function begin() {
	try {
		await withKey(backend.learn);
	} catch (error) {
		return notice(plain(error), "bad", "Try again", begin);
	}
	panes.forEach(pane => pane.offer());
	$("model").textContent = model.id === "demo" ? "Demo model" : model.id;
	$("model").hidden = false;
	$("find").hidden = !can("search");
	withCopy($("demo")).hidden = model.id !== "demo";
	$("file").accept = most().formats.join();
	$("takes").textContent = `${list(names())}, up to ${megabytes(most().bytes)}`;
}

$("samples").append(
	...backend.samples
		.slice(0, 2)
		.map(sample =>
			make(
				"li",
				{},
				make(
					"button",
					{ className: "open", onclick: () => open(sample) },
					make("img", { src: sample.url, alt: "Open the sample " + sample.name }),
				),
				make(
					"ul",
					null,
					...sample.questions
						.slice(0, 3)
						.map(question =>
							make("li", null, make("button", { onclick: () => open(sample).ask(question) }, question, icon("go"))),
						),
				),
			),
		),
);

begin();
