#!/usr/bin/env dotnet
// Draws the pictures of docs/command.md: what blip shows in a terminal, as SVG. Linux, with util-linux's script.
//     dotnet run docs/captures/make.cs out/blip      the published command; from the repository's root
#:property PublishAot=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

const int Columns = 80, Line = 19, Edge = 16;
const double Cell = 8.4;
string blip = Path.GetFullPath(args[0]);
using HttpListener hub = new();
int port = Random.Shared.Next(20000, 60000);
hub.Prefixes.Add($"http://127.0.0.1:{port}/");
hub.Start();
_ = Task.Run(ServeAsync);
string cache = Directory.CreateTempSubdirectory("blip-captures").FullName;
try
{
    foreach ((string name, string line) in ((string, string)[])
    [
        ("ask", "blip ask samples \"is it day or night?\""), ("doctor", "blip doctor"), ("bench", "blip bench --quick"),
        ("pull", "blip pull blip/demo 2>&1 | cat"),
    ])
        Draw(name, [$"\e[1m$ {line}\e[0m", .. Run(line)]);
}
finally
{
    Directory.Delete(cache, recursive: true);
}

// A hub with the demo model, so that a download can be shown anywhere.
async Task ServeAsync()
{
    while (true)
    {
        HttpListenerContext context = await hub.GetContextAsync();
        using HttpListenerResponse response = context.Response;
        string file = Path.Combine("models/demo", Path.GetFileName(context.Request.Url!.AbsolutePath));
        byte[] content = File.Exists(file) ? await File.ReadAllBytesAsync(file) : [];
        response.Headers["X-Repo-Commit"] = string.Concat(Enumerable.Repeat("3f0c", 10));
        if (content.Length == 0)
        {
            response.StatusCode = 404;
            response.Headers["X-Error-Code"] = "EntryNotFound";
            continue;
        }
        byte[] blob = [.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content];
        response.Headers["ETag"] = $"\"{Convert.ToHexStringLower(SHA1.HashData(blob))}\"";
        response.ContentLength64 = content.Length;
        if (context.Request.HttpMethod == "GET")
            await response.OutputStream.WriteAsync(content);
    }
}

// The lines that a terminal shows at the end, with their colours.
IEnumerable<string> Run(string line)
{
    string shell = $"stty cols {Columns} rows 40; {line.Replace("blip ", $"'{blip}' ", StringComparison.Ordinal)}";
    shell = shell.Replace($"pull '{blip}' ", "pull blip/", StringComparison.Ordinal);
    ProcessStartInfo start = new("script", ["-qec", shell, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
    start.Environment["TERM"] = "xterm-256color";
    start.Environment["HF_HUB_CACHE"] = cache;
    start.Environment["BLIP_CACHE"] = "";
    start.Environment["HF_ENDPOINT"] = $"http://127.0.0.1:{port}";
    using Process process = Process.Start(start)!;
    process.StandardInput.Close();
    string shown = process.StandardOutput.ReadToEnd().Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n');
    foreach (string raw in shown.Split('\n'))
    {
        // Only what was written last on a line is seen.
        string kept = Regex.Replace(raw.Split('\r')[^1].Split("\e[K")[^1], "\e\\[[0-9]*[AKJG]|\e\\[\\?[0-9]*[hl]|\e[=>]", "")
            .Replace(cache, "~/.cache/huggingface/hub", StringComparison.Ordinal);
        if (kept.Contains('\e', StringComparison.Ordinal) || kept.Length <= Columns)
        {
            yield return kept;
            continue;
        }
        foreach (char[] part in kept.Chunk(Columns))
            yield return new string(part);
    }
}

void Draw(string name, IReadOnlyList<string> shown)
{
    string width = Number(Columns * Cell + 2 * Edge);
    int height = shown.Count * Line + 2 * Edge;
    StringBuilder svg = new();
    svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" ")
        .Append(CultureInfo.InvariantCulture, $"viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace,Consolas,Menlo,monospace\" ")
        .Append("font-size=\"14\" fill=\"#e6edf3\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n");
    for (int i = 0; i < shown.Count; i++)
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Edge}\" y=\"{Number(Edge + (i + 0.75) * Line)}\">{Spans(shown[i])}</text>\n");
    File.WriteAllText(Path.Combine("docs/captures", name + ".svg"), svg.Append("</svg>\n").ToString());
}

static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

static string Spans(string line)
{
    StringBuilder text = new();
    string style = "";
    foreach (string part in Regex.Split(line, "(\e\\[[0-9;]*m)"))
    {
        if (part.StartsWith('\e'))
            style = part == "\e[1m" ? "font-weight:bold" : part == "\e[2m" ? "opacity:.65" : "";
        // Spaces stay as many as they are.
        else if (part.Length > 0 && WebUtility.HtmlEncode(part).Replace(' ', '\u00a0') is var shown)
            text.Append(style.Length > 0 ? $"<tspan style=\"{style}\">{shown}</tspan>" : shown);
    }
    return text.ToString();
}
