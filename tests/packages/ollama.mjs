// What the npm client of Ollama does, against a service: node ollama.mjs URL IMAGE QUESTION. The last line is the answer.
import { readFileSync } from "node:fs";
import { Ollama } from "ollama";

const [host, file, question] = process.argv.slice(2);
const client = new Ollama({ host });
const image = readFileSync(file);

const { models } = await client.list();
const { capabilities } = await client.show({ model: models[0].name });
if (!capabilities.includes("vision")) throw new Error(`capabilities: ${capabilities}`);
if ((await client.ps()).models[0].name !== models[0].name) throw new Error("The model is not in memory.");

const messages = [{ role: "user", content: question, images: [image.toString("base64")] }];
const whole = await client.chat({ model: "demo", messages });
let streamed = "";
for await (const part of await client.chat({ model: "demo:latest", messages, stream: true })) streamed += part.message.content;
const generated = await client.generate({ model: "blip", prompt: question, images: [new Uint8Array(image)], options: { num_predict: 9 } });
if (streamed !== whole.message.content || generated.response !== streamed) throw new Error("The answers differ.");

const missing = await client.chat({ model: "llava", messages }).catch((error) => error);
if (missing.status_code !== 404 || !missing.message.includes("'llava' not found")) throw new Error(`not found: ${missing}`);
console.log(streamed);
