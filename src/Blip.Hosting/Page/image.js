// One image: its handle and its thread of questions. Nothing here asks which image is shown.

import { $, button, icon, make, say } from "./parts.js";
import { backend, can, model, plain, unless, withKey, words } from "./server.js";
import { Item } from "./answer.js";
import { sheets } from "./sheets.js";
import { home, notice, panes, remove, select, shown } from "./page.js";

export class Pane {
	constructor(source) {
		Object.assign(this, { source, name: source.name, items: [], fresh: false, frames: 1 });
		this.root = $("pane").content.firstElementChild.cloneNode(true);
		const find = what => this.root.querySelector(what);
		[this.image, this.canvas, this.note, this.thread, this.field, this.options, this.chips, this.heat, this.more] = [
			"img",
			"canvas",
			".state",
			".thread",
			"textarea",
			".choices",
			".chips",
			".heat",
			"[data-do=choices]",
		].map(find);
		this.root.ariaLabel = this.name;
		this.field.ariaLabel = "Question about " + this.name;
		find("h2").textContent = this.name;
		this.thumb = make(
			"button",
			{ className: "thumb", onclick: () => select(this) },
			make("img", { src: source.url, alt: "" }),
			(this.badge = make("span", { className: "badge" })),
		);
		this.thumb.onkeydown = event => {
			if (event.key === "Delete") remove([this]);
		};
		this.slot = make("li", null, this.thumb);

		this.image.alt = "Your image: " + this.name;
		this.image.onload = () => (find(".about .fine").textContent = `${this.image.naturalWidth} × ${this.image.naturalHeight}`);
		this.image.onerror = () => {
			this.broken = true;
			find(".frame").hidden = this.thumb.firstChild.hidden = find(".talk").hidden = true;
			this.tell(words.image_corrupt.replace("The server", "This browser"), "bad");
			this.mark();
			panes.forEach(pane => pane.offer());
		};
		this.image.src = source.url;

		find(".limits").hidden = !!source.questions || model.id !== "demo";
		const act = {
			remove: () => remove([this]),
			score: () => sheets.score(this),
			hide: () => this.look(null),
			choices: () => this.choose(),
			model: sheets.model,
		};
		for (const each of this.root.querySelectorAll("[data-do]")) each.onclick = act[each.dataset.do];
		this.offer();
		find(".heat input").oninput = event => (this.canvas.style.opacity = event.target.value / 100);
		find(".ask").onsubmit = event => {
			event.preventDefault();
			this.submit();
		};
		this.field.onkeydown = this.options.onkeydown = event => {
			if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
				event.preventDefault();
				this.submit();
			} else if (event.key === "ArrowUp" && event.target === this.field && !this.field.value && this.items.length) {
				event.preventDefault();
				this.field.value = this.items.at(-1).question;
			}
		};
		for (const each of source.questions ?? [
			"what is in the picture?",
			"how many people are there?",
			"is it day or night?",
			"what is the weather like?",
		])
			this.chips.append(
				button(
					each,
					() => {
						this.ask(each);
						home();
					},
					{ look: "chip" },
				),
			);
		this.chips.append(button("Ask all", () => this.askAll()));
		this.send();
	}

	// What the server can do, which it may say later, with the images that there are.
	offer() {
		this.more.hidden = !can("choices");
		this.root.querySelector("[data-do=score]").hidden = !can("score");
		const [box, text] = this.root.querySelector(".frames").children;
		const most = 16,
			count = panes.filter(pane => !pane.broken).length;
		text.textContent = `Ask about all ${this.frames > 1 ? this.frames + " frames" : count + " images as one"}`;
		box.parentNode.hidden = !can("frames") || (this.frames < 2 && (count < 2 || count > most));
	}

	// The images whose frames a question is about; nothing where it is about this image as it is.
	get asOne() {
		const box = this.root.querySelector(".frames").firstElementChild;
		if (!box.checked || box.parentNode.hidden) return undefined;
		return this.frames > 1 ? [this] : panes.filter(pane => !pane.broken);
	}

	tell(text, name = "", ...nodes) {
		this.note.hidden = !text;
		this.note.className = "state " + name;
		this.note.replaceChildren(
			name === "bad" ? icon("warn") : make("i", { className: "spin" }),
			make("span", { textContent: text }),
			...nodes,
		);
		if (name === "bad") say(`${this.name}: ${text}`);
	}

	// Sent once; what is asked meanwhile waits for the handle of this image.
	send() {
		this.sent = new Promise(done => (this.done = done));
		this.upload();
	}

	async upload() {
		this.sending = true;
		this.tell("Sending the image");
		this.mark();
		try {
			const { handle, frames = 1 } = await withKey(() => (this.source.handle ? this.source : backend.image(this.source)));
			this.sending = false;
			if (this.broken) return this.mark();
			this.tell("");
			this.done(handle);
			this.frames = frames;
			this.offer();
			if (can("caption")) this.describe(handle);
		} catch (error) {
			this.sending = false;
			if (!this.broken)
				this.tell(
					"The image was not sent. " + plain(error),
					"bad",
					button(
						"Try again",
						() => {
							this.upload();
							home();
						},
						{ look: "plain" },
					),
				);
		}
		this.mark();
	}

	async call({ of, ...body }, signal, ask = backend.ask) {
		const parts = of ?? [this];
		for (let again = false; ; again = true) {
			const images = await unless(signal, Promise.all(parts.map(pane => pane.sent)));
			const image = parts.length > 1 ? images : images[0];
			try {
				return await withKey(() => ask({ image, frames: of && true, ...body }, signal));
			} catch (error) {
				// The server forgets an image after a while: send it once more.
				if (error.code !== "image_not_found" || again) throw error;
				parts.forEach(pane => pane.send());
			}
		}
	}

	ask(question, choices, shared) {
		[...this.chips.children].find(each => each.textContent === question)?.remove();
		this.chips.hidden = this.chips.childElementCount < 2;
		return new Item(this, question, choices, shared);
	}

	askAll() {
		const questions = [...this.chips.children].slice(0, -1).map(each => each.textContent);
		const all = this.call({ questions, of: this.asOne }, new AbortController().signal);
		questions.forEach((question, n) =>
			this.ask(
				question,
				undefined,
				all.then(result => result.answers[n]),
			),
		);
		home();
	}

	submit() {
		const question = this.field.value.trim();
		const choices = this.options.hidden
			? []
			: this.options.value
					.split(",")
					.map(each => each.trim())
					.filter(Boolean);
		if (!question) return this.field.focus();
		if (choices.length === 1) return notice("Give two answers or more to choose from.");
		this.ask(question, choices.length ? choices : undefined);
		this.field.value = "";
		if (choices.length) this.choose();
		this.field.focus();
	}

	choose(question, open = this.options.hidden) {
		this.options.hidden = !open;
		this.options.value = "";
		this.more.ariaExpanded = open;
		this.field.value = question ?? this.field.value;
		(open && this.field.value ? this.options : this.field).focus();
	}

	async describe(image) {
		const place = this.root.querySelector(".caption");
		const { caption } = await withKey(() => backend.caption({ image })).catch(() => ({}));
		place.hidden = !caption;
		place.replaceChildren(make("b", { textContent: "Caption" }), caption ?? "");
	}

	// Where it looked, over this image. The strength is the canvas's opacity.
	async look(item) {
		if (this.looked) this.looked.eye.ariaPressed = false;
		if (item === this.looked) item = null;
		this.looked = item;
		this.canvas.hidden = this.heat.hidden = true;
		if (!item) return;
		item.eye.ariaPressed = true;
		try {
			item.evidence ??= (await this.call({ question: item.question, explain: true }, item.stop.signal)).evidence;
		} catch (error) {
			if (this.looked === item) this.look(null);
			return notice(plain(error), "bad");
		}
		if (this.looked !== item) return;
		const { rows, columns, values } = item.evidence;
		const strongest = values.indexOf(Math.max(...values));
		const third = (part, ...names) => names[Math.floor(part * 3)];
		const row = third(strongest / columns / rows, "top", "middle", "bottom");
		const column = third((strongest % columns) / columns, "left", "centre", "right");
		Object.assign(this.canvas, { width: columns, height: rows, hidden: false });
		this.canvas.ariaLabel = `Where it looked: most at the ${row} ${column}`;
		const pen = this.canvas.getContext("2d");
		values.forEach((value, n) => {
			const heat = Math.min(1, value * 1.6);
			pen.fillStyle = `rgb(${8 + 247 * heat} ${14 + 100 * heat} ${30 - 10 * heat} / ${0.7 - 0.28 * heat})`;
			pen.fillRect(n % columns, Math.floor(n / columns), 1, 1);
		});
		this.canvas.style.opacity = this.heat.querySelector("input").value / 100;
		this.heat.hidden = false;
		this.heat.querySelector("p").textContent = `Where it looked for “${item.question}”`;
		say(this.canvas.ariaLabel);
	}

	// The thumbnail tells how this image stands.
	mark() {
		const count = state => this.items.filter(item => item.state === state).length;
		const done = count("done"),
			waits = this.sending || count("wait"),
			bad = this.broken || count("fail") || this.note.classList.contains("bad");
		if (this === shown) this.fresh = false;
		this.badge.className = waits ? "badge spin" : bad ? "badge bad" : this.fresh ? "badge new" : "badge";
		this.badge.textContent = waits ? "" : bad ? "!" : done || "";
		this.badge.hidden = !waits && !bad && !done;
		this.thumb.ariaLabel = [
			this.name,
			waits && "working",
			bad && "needs a look",
			done && `${done} answered`,
			this.fresh && "new answer",
		]
			.filter(Boolean)
			.join(", ");
	}

	end() {
		this.items.forEach(item => {
			clearInterval(item.timer);
			item.stop.abort();
		});
		URL.revokeObjectURL(this.source.url);
	}
}
