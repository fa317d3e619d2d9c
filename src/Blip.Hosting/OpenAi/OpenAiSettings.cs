using System.Text.Json;
using Blip.Hosting.Asking;

namespace Blip.Hosting.OpenAi;

/// <summary>
/// The settings of OpenAI's API that have no effect here. One of a wrong kind or out of its range is refused as it is there, so that a
/// caller's mistake is not taken for a setting that works.
/// </summary>
internal static class OpenAiSettings
{
    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];

    /// <summary>What a response may include.</summary>
    private static readonly string[] Includable =
    [
        "message.output_text.logprobs", "message.input_image.image_url", "reasoning.encrypted_content", "file_search_call.results",
        "web_search_call.results", "web_search_call.action.sources", "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
    ];

    /// <exception cref="FailureException">A setting of a chat completion is wrong.</exception>
    public static void CheckChat(RequestMembers root)
    {
        CheckBoth(root);
        root.CheckNumber("presence_penalty", -2, 2);
        root.CheckNumber("frequency_penalty", -2, 2);
        root.CheckInteger("seed");
        root.CheckTexts("stop", most: 4, orOne: true);
        root.CheckNumbers("logit_bias", -100, 100);
        root.CheckWord("reasoning_effort", Efforts);
        root.CheckWord("verbosity", "low", "medium", "high");
        root.Object("prediction");
        root.Array("functions");
        root.CheckTexts("modalities");
        if (root.Array("modalities") is { } modalities && modalities.EnumerateArray().Any(kind => !kind.ValueEquals("text")))
            throw RequestMembers.Invalid("modalities", "'modalities' must be [\"text\"]: BLIP answers in words, and cannot make audio.");
    }

    /// <exception cref="FailureException">A setting of a response is wrong.</exception>
    public static void CheckResponses(RequestMembers root)
    {
        CheckBoth(root);
        root.CheckInteger("max_tool_calls");
        root.CheckWord("truncation", "auto", "disabled");
        root.Object("reasoning")?.CheckWord("effort", Efforts);
        root.Text("instructions");
        root.CheckTexts("include");
        if (root.Array("include") is not { } include)
            return;
        foreach (JsonElement item in include.EnumerateArray())
        {
            if (!Includable.Contains(Bodies.Text(item, "include")))
                throw root.Wrong("include", "an array of these: " + string.Join(", ", Includable));
        }
    }

    private static void CheckBoth(RequestMembers root)
    {
        root.CheckNumber("temperature", 0, 2);
        root.CheckNumber("top_p", 0, 1);
        root.Flag("store");
        root.Flag("parallel_tool_calls");
        root.Object("stream_options")?.Flag("include_obfuscation");
        foreach (string name in (string[])["user", "safety_identifier", "service_tier"])
            root.Text(name);
        if (root.Array("tools") is not { } tools)
            return;
        int index = 0;
        foreach (JsonElement tool in tools.EnumerateArray())
        {
            string place = FormattableString.Invariant($"tools[{index++}]");
            if (tool.ValueKind != JsonValueKind.Object)
                throw RequestMembers.Invalid(place, $"'{place}' must be an object.");
            RequestMembers members = new(tool, path: place + ".");
            if (members.Text("type") is null)
                throw members.Wrong("type", "a string");
        }
    }
}
