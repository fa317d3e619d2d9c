// Starts Blip as an MCP client does, by the official client: node mcp.mjs FILE FOLDER. FILE is a server.json or a client's configuration;
// FOLDER takes the place of the folder in it, and the demo model that of the model. Prints the answer to a question about dogs.jpg.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [file, folder] = process.argv.slice(2);
const given = { "--allow-folder": folder, "--model": "demo" };
const { packages, servers, mcpServers } = JSON.parse(readFileSync(file, "utf8"));

function fromPackage({ runtimeHint, identifier, version, packageArguments }) {
    const words = packageArguments.flatMap(a => (a.type === "named" ? [a.name, a.value] : [a.value]));
    return { command: runtimeHint, args: ["--yes", `${identifier}@${version}`, "--", ...words] };
}

const { command, args } = packages ? fromPackage(packages[0]) : (servers ?? mcpServers).blip;
const words = args.map((word, i) => given[args[i - 1]] ?? word);
console.error([command, ...words].join(" "));
const client = new Client({ name: "packages", version: "1" });
await client.connect(new StdioClientTransport({ command, args: words, env: process.env }));
const call = async (name, input) => JSON.parse((await client.callTool({ name, arguments: input })).content[0].text);
console.error(client.getServerVersion(), (await client.listTools()).tools.map(tool => tool.name), await call("list_images", {}));
const result = await call("ask_image", { image: join(folder, "dogs.jpg"), question: "how many dogs are in the picture?" });
console.error(result);
console.log(result.answer);
await client.close();
