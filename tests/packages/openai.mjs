// Asks a service as OpenAI's client, LangChain.js and the Vercel AI SDK do, each as it is published: node openai.mjs BASE SAMPLES.
// Prints what was checked; ends with an error at the first difference.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { ChatOpenAI } from "@langchain/openai";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, streamText } from "ai";
import { z } from "zod";

const [baseURL, samples] = process.argv.slice(2);
const apiKey = "none", model = "blip", maxRetries = 0;
const dogs = readFileSync(join(samples, "dogs.jpg")), snow = readFileSync(join(samples, "snow.jpg"));
const uri = image => "data:image/jpeg;base64," + image.toString("base64");
const howMany = "how many dogs are in the picture?";
const Dogs = z.object({ dogs: z.number().int().min(0) }), Many = z.object({ dogs: z.number().int().min(3) });
const YesOrNo = z.object({ answer: z.boolean() });
const equal = (name, actual, expected) => { assert.deepEqual(actual, expected, name); console.log("ok", name); };

const client = new OpenAI({ baseURL, apiKey, maxRetries });
const chat = (text, ...images) => [
    { role: "user", content: [{ type: "text", text }, ...images.map(image => ({ type: "image_url", image_url: { url: uri(image) } }))] },
];
const input = (text, ...images) => [
    { role: "user", content: [{ type: "input_text", text }, ...images.map(image => ({ type: "input_image", image_url: uri(image) }))] },
];

async function fails(name, call, status, param) {
    await assert.rejects(call, error => error.status === status && error.param === param, name);
    console.log("ok", name);
}

async function chatCompletions() {
    const { completions } = client.chat;
    const asked = await completions.create({ model, messages: chat(howMany, dogs), logprobs: true, top_logprobs: 5 });
    const [token] = asked.choices[0].logprobs.content;
    equal("chat", [asked.choices[0].message.content, token.token, token.top_logprobs.length], ["2", "2", 5]);
    equal("chat, likeliest token", token.top_logprobs[0].logprob, token.logprob);
    const both = await completions.create({ model, messages: chat("is it snowing?", dogs, snow) });
    equal("chat, two images", both.choices[0].message.content, "image 1: no\nimage 2: yes");
    const parsed = await completions.parse({ model, messages: chat(howMany, dogs), response_format: zodResponseFormat(Dogs, "dogs") });
    equal("chat, parsed", parsed.choices[0].message.parsed, { dogs: 2 });
    const refused = await completions.parse({ model, messages: chat(howMany, dogs), response_format: zodResponseFormat(Many, "many") });
    equal("chat, refused", [refused.choices[0].message.parsed, typeof refused.choices[0].message.refusal], [null, "string"]);
    const stream = completions.stream({ model, messages: chat(howMany, dogs), response_format: zodResponseFormat(Dogs, "dogs") });
    equal("chat, streamed", (await stream.finalChatCompletion()).choices[0].message.parsed, { dogs: 2 });
    const List = z.object({ list: z.array(z.string()) });
    const list = { model, messages: chat(howMany, dogs), response_format: zodResponseFormat(List, "list") };
    await fails("chat, a list", () => completions.parse(list), 400, "response_format");
}

async function responses() {
    const include = ["message.output_text.logprobs"], metadata = { caller: "7" };
    const asked = await client.responses.create({ model, input: input(howMany, dogs), include, top_logprobs: 4, metadata });
    equal("responses", [asked.output_text, asked.status, asked.metadata], ["2", "completed", metadata]);
    equal("responses, likeliest tokens", asked.output[0].content[0].logprobs[0].top_logprobs.length, 4);
    const cut = await client.responses.create({ model, input: input(howMany, dogs), max_output_tokens: 1 });
    equal("responses, cut", [cut.status, cut.incomplete_details.reason], ["incomplete", "max_output_tokens"]);
    const later = await client.responses.create({ model, input: [{ role: "user", content: howMany }, ...input("", dogs)] });
    equal("responses, the image after the question", later.output_text, "2");
    const text = { format: zodTextFormat(YesOrNo, "answer") };
    const parsed = await client.responses.parse({ model, input: input("is there a cat?", dogs), text });
    equal("responses, parsed", parsed.output_parsed, { answer: false });
    const stream = client.responses.stream({ model, input: input(howMany, dogs), text: { format: zodTextFormat(Many, "many") } });
    const events = [];
    for await (const event of stream) events.push(event.type);
    equal("responses, refused in a stream", events.slice(4), [
        "response.refusal.delta", "response.refusal.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]);
    equal("responses, streamed", (await client.responses.stream({ model, input: input(howMany, dogs) }).finalResponse()).output_text, "2");
    await fails("responses, an earlier one", () =>
        client.responses.create({ model, input: input(howMany, dogs), previous_response_id: "resp_1" }), 400, "previous_response_id");
    await fails("responses, a kept one", () => client.responses.retrieve("resp_1"), 404, null);
}

async function models() {
    const names = [];
    for await (const { id } of client.models.list()) names.push(id);
    equal("models", [names, (await client.models.retrieve("blip")).id], [["demo", "demo-caption", "demo-matching"], "demo"]);
}

async function langChain() {
    const human = new HumanMessage({ content: [{ type: "text", text: howMany }, { type: "image_url", image_url: { url: uri(dogs) } }] });
    for (const useResponsesApi of [false, true]) {
        const name = "LangChain.js, " + (useResponsesApi ? "responses" : "chat");
        const chain = new ChatOpenAI({ model, apiKey, useResponsesApi, maxRetries, configuration: { baseURL } });
        const reply = await chain.invoke([new SystemMessage("You see."), human]);
        equal(name, [reply.text, reply.usage_metadata.output_tokens], ["2", 2]);
        let text = "";
        for await (const chunk of await chain.stream([human])) text += chunk.text;
        equal(name + ", streamed", text, "2");
        equal(name + ", structured", await chain.withStructuredOutput(Dogs, { method: "jsonSchema" }).invoke([human]), { dogs: 2 });
    }
}

async function aiSdk() {
    const openai = createOpenAI({ baseURL, apiKey });
    const compatible = createOpenAICompatible({ name: "blip", baseURL, apiKey, supportsStructuredOutputs: true });
    const content = [{ type: "text", text: howMany }, { type: "image", image: dogs, mediaType: "image/jpeg" }];
    const messages = [{ role: "user", content }];
    for (const [kind, of] of [["responses", openai(model)], ["chat", openai.chat(model)], ["compatible", compatible(model)]]) {
        const request = { model: of, messages, maxRetries };
        const { text, finishReason, usage } = await generateText(request);
        equal("AI SDK, " + kind, [text, finishReason, usage.outputTokens], ["2", "stop", 2]);
        const streamed = streamText(request);
        equal(`AI SDK, ${kind}, streamed`, [await streamed.text, await streamed.finishReason], ["2", "stop"]);
        const { output } = await generateText({ ...request, output: Output.object({ schema: Dogs }) });
        equal(`AI SDK, ${kind}, object`, output, { dogs: 2 });
    }
}

for (const check of [chatCompletions, responses, models, langChain, aiSdk]) await check();
