using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Blip.AI;
using Microsoft.ML.Tokenizers;
using Xunit;
using static Blip.Plugin.Tests.Agents.StackCalls;

namespace Blip.Plugin.Tests.Agents;

/// <summary>
/// What a result costs a language model in each stack, in tokens of o200k_base, and a call with it, without the question and the image's
/// name.
/// </summary>
public sealed class TokenTests
{
    private const int Budget = 80;

    /// <summary>Here Microsoft.Extensions.AI writes the result, as JSON of several lines.</summary>
    private static readonly string[] ClientsLines = ["SemanticKernelFunctions", "AgentFrameworkMcp"];

    private static readonly TiktokenTokenizer Tokens = TiktokenTokenizer.CreateForEncoding("o200k_base");

    private static readonly (string Image, string Question)[] Cases =
    [
        ("image-1", "how many dogs are in the picture?"),
        ("image-1", "what is in the picture?"),
        ("image-7", "is it day or night?"),
        ("sha256-" + new string('0', 64), "is it day or night?"),
        ("https://example.com/image.jpg", "is there a dog?"),
        ("http://example.com/image.jpg", "is there a dog?"),
        ("https://127.0.0.1/image.jpg", "is there a dog?"),
        ("ftp://example.com/image.jpg", "is there a dog?"),
        ("/etc/passwd", "what is this?"),
        ("", "what is this?"),
        ("image-1", ""),
        ("image-1", string.Join(' ', Enumerable.Repeat("dog", 600))),
        ("data:image/png;base64,AAAA", "what is this?"),
        ("data:image/png;base64,!", "what is this?"),
    ];

    // Over MCP an agent's model reads more than MCP's own result, which is in it.
    public static TheoryData<string, int> Calls =>
    [
        .. from stack in Stacks.Keys
           where stack != "Mcp"
           from i in Enumerable.Range(0, Cases.Length)
           select new TheoryDataRow<string, int>(stack, i),
    ];

    public static TheoryData<string> AllStacks => [.. Stacks.Keys];

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Result_StaysInBudget_AndSaysNothingTwice(string stack, int index)
    {
        (string image, string question) = Cases[index];
        JsonObject arguments = StackCalls.Arguments(image, question);
        string call = arguments.ToJsonString(), result = await Stacks[stack](services => services.AddBlip(), arguments);
        int cost = Tokens.CountTokens(result);
        Assert.True(cost <= Budget, $"{cost} tokens: {result}");
        Assert.DoesNotContain("\\u", result, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\[\s*\]", result);
        Assert.Single(Regex.Matches(result, "answer|message"));
        if (ClientsLines.Contains(stack))
            return;
        Assert.DoesNotContain('\n', result);
        cost += Tokens.CountTokens(call) - Tokens.CountTokens(image) - Tokens.CountTokens(question);
        Assert.True(cost <= Budget, $"{cost} tokens with the call: {result}");
    }

    /// <summary>Some models write null for an argument that they leave out.</summary>
    [Theory]
    [MemberData(nameof(AllStacks))]
    public async Task OptionalArguments_AsNull_AreLeftOut(string stack)
    {
        JsonObject arguments = StackCalls.Arguments("image-1", "how many dogs are in the picture?");
        (arguments["explain"], arguments["min_confidence"]) = (null, null);
        string result = await Stacks[stack](services => services.AddBlip(), arguments);
        Assert.Contains("answer", result, StringComparison.Ordinal);
        Assert.DoesNotContain("error", result, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("looked_at", result, StringComparison.Ordinal);
    }
}
