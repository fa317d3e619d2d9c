// One question and its answer. It writes into its own element, wherever that is.

import { bar, button, copy, icon, make, percent, say } from "./parts.js";
import { can, plain, unless } from "./server.js";
import { sheets } from "./sheets.js";
import { shown } from "./page.js";

export class Item {
	constructor(pane, question, choices, shared) {
		Object.assign(this, { pane, question, choices, shared, tries: 0, of: pane.asOne });
		this.body = make("div", { className: "body" });
		const asked = make("h3", { className: "asked", textContent: question });
		if (this.of) asked.append(make("small", { textContent: this.of.length > 1 ? `${this.of.length} images as one` : "all frames" }));
		this.root = make("li", { className: "in", tabIndex: -1 }, asked, this.body);
		pane.items.push(this);
		pane.thread.prepend(this.root);
		if (pane === shown) this.root.scrollIntoView({ block: "nearest" });
		this.run();
	}

	show(name, ...nodes) {
		const held = this.body.contains(document.activeElement);
		this.body.replaceChildren(make("div", { className: name }, ...nodes));
		if (held) this.root.focus({ preventScroll: true });
	}

	async run() {
		clearInterval(this.timer);
		this.stop = new AbortController();
		this.state = "wait";
		const cancel = button("Cancel", () => this.stop.abort());
		this.show(
			"wait",
			make("i", { className: "spin" }),
			make("span", { textContent: this.pane.sending ? "Waiting for the image" : "Looking" }),
			cancel,
		);
		this.pane.sent.then(() => {
			if (this.state === "wait") cancel.previousSibling.textContent = "Looking";
		});
		this.pane.mark();
		try {
			const { pane, question, choices, of, shared, stop } = this;
			this.shared = null;
			const result = await (shared ? unless(stop.signal, shared) : pane.call({ question, choices, of }, stop.signal));
			// One of several questions can fail alone.
			if (result.error) throw Object.assign(new Error(result.error.message), result.error);
			this.answer(await this.weigh(result));
		} catch (error) {
			if (this.stop.signal.aborted) this.drop();
			else this.fail(error);
		}
		this.pane.mark();
	}

	// What else an unsure answer may be: whole answers cost more, and are searched for only then.
	async weigh(result) {
		const { pane, question, choices, of, stop } = this;
		if (choices || result.confidence >= 0.5 || !can("beams")) return result;
		return pane.call({ question, of, beams: 3, best: 3 }, stop.signal).catch(() => result);
	}

	drop() {
		clearInterval(this.timer);
		this.pane.items = this.pane.items.filter(item => item !== this);
		if (this.root.contains(document.activeElement)) this.pane.field.focus();
		this.root.remove();
		this.pane.mark();
	}

	fail(error) {
		this.state = "fail";
		let left = error.retryAfter && this.tries++ < 3 ? error.retryAfter : 0;
		const text = make("p");
		const tell = () => (text.textContent = plain(error) + (left ? ` Trying again in ${left} s.` : ""));
		tell();
		this.show(
			"fail",
			icon("warn"),
			text,
			button(left ? "Try now" : "Try again", () => this.run(), { look: "plain" }),
			button("Remove", () => this.drop()),
		);
		say(`${this.pane.name}: ${text.textContent}`);
		if (left)
			this.timer = setInterval(() => {
				if (--left > 0) tell();
				else this.run();
			}, 1000);
	}

	answer(result) {
		this.state = "done";
		this.result = result;
		const { answer, confidence } = result;
		const others = (result.alternatives ?? []).filter(other => other.confidence >= 0.02).map(other => other.answer);
		const sure = confidence >= 0.8 ? "sure" : confidence >= 0.5 ? "fairly sure" : "unsure";
		const number = percent(confidence);
		const meter = make(
			"span",
			{
				className: "sure",
				tabIndex: 0,
				role: "meter",
				ariaLabel: "Confidence",
				ariaValueMin: 0,
				ariaValueMax: 100,
				ariaValueNow: parseInt(number),
				ariaValueText: `${sure}, ${number}`,
			},
			bar(confidence),
			sure,
			make("span", { className: "number", textContent: number }),
		);
		const nodes = [
			make(
				"div",
				{ className: confidence < 0.5 ? "line unsure" : "line" },
				make("p", { className: "said", textContent: answer || "(no answer)" }),
				meter,
			),
		];
		if (this.choices) nodes.push(...ranks(result.choices));
		else if (others.length) {
			const textContent = (sure === "unsure" ? "It may also be " : "Less likely: ") + others.join(", ");
			nodes.push(make("p", { className: "maybe", textContent }));
		}
		const acts = make("div", { className: "acts" });
		if (can("explain") && !this.of)
			acts.append((this.eye = button("Where it looked", () => this.pane.look(this), { mark: "eye", pressed: false })));
		acts.append(
			button("Use in code", () => sheets.code(this), { mark: "code" }),
			make("i", { className: "gap" }),
		);
		if (can("choices")) acts.append(button("Choose among answers", () => this.pane.choose(this.question, true), { mark: "rank" }));
		acts.append(
			button("Ask again", () => this.pane.ask(this.question, this.choices), { mark: "again" }),
			button("Copy answer", event => copy(answer, event.currentTarget), { mark: "copy" }),
		);
		this.show("in", ...nodes, acts);
		if (this.pane !== shown) this.pane.fresh = true;
		say(`${this.pane.name}: ${this.question} ${answer}, ${sure}.`);
	}
}

export function ranks(all, ariaLabel = "Answers, most likely first") {
	const long = all.length > 7;
	const rows = all.map((one, n) =>
		make(
			"li",
			{ hidden: long && n > 5, tabIndex: -1 },
			make("span", { textContent: one.text }),
			bar(one.probability),
			make("span", { textContent: percent(one.probability) }),
		),
	);
	const list = make("ol", { className: "ranks", ariaLabel }, ...rows);
	return long
		? [
				list,
				button(`Show all ${all.length}`, event => {
					rows.forEach(row => (row.hidden = false));
					rows[6].focus();
					event.currentTarget.remove();
				}),
			]
		: [list];
}
