// Small parts of the page.

export const $ = id => document.getElementById(id);
export const make = (tag, props, ...children) => {
	const element = Object.assign(document.createElement(tag), props);
	element.append(...children);
	return element;
};
export const icon = name => {
	const svg = $("help").firstElementChild.cloneNode(true);
	svg.firstElementChild.setAttribute("href", "#i-" + name);
	return svg;
};
export const button = (text, act, { look = "ghost", mark, pressed = null } = {}) =>
	make(
		"button",
		{ type: "button", className: look, onclick: act, title: mark ? text : "", ariaPressed: pressed },
		...(mark ? [icon(mark)] : []),
		make("span", { textContent: text }),
	);
export const say = text => {
	const line = make("p", { textContent: text });
	$("live").append(line);
	setTimeout(() => line.remove(), 8000);
};
export const percent = value => Math.round(value * 100) + " %";
export const touch = matchMedia("(pointer: coarse)").matches;

export async function copy(text, from) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		// Over plain HTTP from another machine there is no clipboard object.
		const field = make("textarea", { value: text });
		from.after(field);
		field.select();
		document.execCommand("copy");
		field.remove();
		from.focus();
	}
	const old = from.firstElementChild;
	old.replaceWith(icon("check"));
	setTimeout(() => from.firstElementChild.replaceWith(old), 1500);
	say("Copied");
}

export function bar(value) {
	const fill = make("i");
	fill.style.width = value * 100 + "%";
	return make("span", { className: "bar" }, fill);
}
