"use strict";

const find = id => document.getElementById(id);
const form = find("form"), file = find("file"), drop = find("drop"), preview = find("preview"), hint = find("hint");
const question = find("question"), ask = find("ask"), access = find("access"), key = find("key"), state = find("status"), answers = find("answers");

let image = null;
// The page sends an image once. Later requests use its handle.
let handle = null;

function say(text, bad = false) {
  state.textContent = text;
  state.classList.toggle("bad", bad);
}

function take(chosen) {
  if (!chosen)
    return;
  if (!chosen.type.startsWith("image/")) {
    say("That is no image. JPEG, PNG, GIF, WebP and BMP are read.", true);
    return;
  }
  image = chosen;
  handle = null;
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(chosen);
  preview.alt = chosen.name ? `Your image: ${chosen.name}` : "Your image";
  preview.hidden = false;
  hint.hidden = true;
  say("");
  question.focus();
}

async function send(address, body, type) {
  const headers = { "Content-Type": type };
  if (key.value)
    headers["x-api-key"] = key.value;
  const response = await fetch(address, { method: "POST", headers, body });
  const json = await response.json().catch(() => ({}));
  if (response.ok)
    return json;
  if (response.status === 401) {
    access.hidden = false;
    key.focus();
  }
  throw Object.assign(new Error(json.detail || `The service answered ${response.status}.`), { code: json.code });
}

async function answer(asked) {
  for (let attempt = 0; ; attempt++) {
    handle ??= (await send("/api/images", image, image.type)).handle;
    try {
      return await send("/api/ask", JSON.stringify({ image: handle, question: asked }), "application/json");
    } catch (failure) {
      if (failure.code !== "image_not_found" || attempt > 0)
        throw failure;
      // The service no longer keeps the image, so the page sends it again.
      handle = null;
    }
  }
}

function show(result, milliseconds) {
  const percent = Math.round(result.confidence * 100);
  const item = document.createElement("li");
  const add = (name, text, parent = item, kind = "div") => {
    const element = document.createElement(kind);
    element.className = name;
    element.textContent = text;
    parent.append(element);
    return element;
  };
  add("asked", result.question);
  add("said", result.answer || "(no answer)");
  const facts = add("facts", "");
  const meter = add("", "", facts, "meter");
  meter.value = result.confidence;
  meter.setAttribute("aria-label", `Confidence ${percent} %`);
  add("", `${percent} % sure`, facts, "span");
  add("", `${Math.round(milliseconds)} ms`, facts, "span");
  add("", `${result.model}, ${result.device}, ${result.precision}`, facts, "span");
  answers.prepend(item);
}

form.addEventListener("submit", async event => {
  event.preventDefault();
  const asked = question.value.trim();
  if (!image) {
    say("Choose an image first.", true);
    file.focus();
    return;
  }
  if (!asked) {
    say("Type a short question in English.", true);
    question.focus();
    return;
  }
  ask.disabled = true;
  say("Asking…");
  const start = performance.now();
  try {
    show(await answer(asked), performance.now() - start);
    say("");
    question.select();
  } catch (failure) {
    say(failure.message, true);
  } finally {
    ask.disabled = false;
  }
});

file.addEventListener("change", () => take(file.files[0]));
for (const name of ["dragenter", "dragover"])
  document.addEventListener(name, event => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"])
  document.addEventListener(name, event => { event.preventDefault(); drop.classList.remove("over"); });
document.addEventListener("drop", event => take(event.dataTransfer.files[0]));
document.addEventListener("paste", event => take([...event.clipboardData.files][0]));
