using System.Text.Json.Nodes;
using Blip.AI;
using Blip.AI.Images;
using Blip.Images;
using Blip.Tests;
using Microsoft.Extensions.DependencyInjection;
using Moq;
using Xunit;
using static Blip.Plugin.Tests.Agents.StackCalls;

namespace Blip.Plugin.Tests.Agents;

/// <summary>What a language model reads of a failure in each stack: no path, inner address, token or stack trace.</summary>
public sealed class LeakTests
{
    private const string Secret = "/srv/hidden/models 10.1.2.3 sk-token-123";

    private static readonly string[] Forbidden =
    [
        "hidden", "10.1.2.3", "sk-token", "   at ", ".cs:", "System.", "/etc/",
        Path.GetTempPath(), AppContext.BaseDirectory, TestPaths.Root,
    ];

    private static readonly Dictionary<string, (Action<IServiceCollection> Services, string Arguments, string Code)> Cases = new()
    {
        ["fault of the decoder"] = (Broken(new InvalidOperationException(Secret)), Call("image-1"), BlipErrorCode.Internal),
        ["fault with an inner one"] = (
            Broken(new IOException(Secret, new UnauthorizedAccessException(Secret))), Call("image-1"), BlipErrorCode.Internal),
        ["no such model"] = (s => s.AddBlip(o => o.Model = "/srv/hidden/models"), Call("image-1"), BlipErrorCode.ModelNotFound),
        ["file outside"] = (s => s.AddBlip(), Call("/srv/images/image.jpg"), ImageSourceErrorCode.FileNotAllowed),
        ["file that is not there"] = (
            s => s.AddBlip(configureSources: o => o.AllowedFolders = [TestPaths.Root]), Call("none.jpg"), BlipErrorCode.FileNotFound),
        ["inner host"] = (
            s => s.AddBlip(configureSources: o => o.AllowedHosts = ["*"]),
            Call("https://localhost/a.jpg"),
            ImageSourceErrorCode.AddressNotAllowed),
        ["argument missing"] = (s => s.AddBlip(), """{"image":"image-1"}""", ""),
        ["argument of another type"] = (s => s.AddBlip(), """{"image":{"a":[1]},"question":{"b":2}}""", ""),
    };

    public static TheoryData<string, string> Failures =>
        [.. from stack in Stacks.Keys from failure in Cases.Keys select new TheoryDataRow<string, string>(stack, failure)];

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Failure_AsTheModelReadsIt_HasTheCodeAndNothingInner(string stack, string failure)
    {
        (Action<IServiceCollection> services, string arguments, string code) = Cases[failure];
        string read = await Stacks[stack](services, JsonNode.Parse(arguments)!.AsObject());
        Assert.Contains(code, read, StringComparison.Ordinal);
        Assert.All(Forbidden, inner => Assert.DoesNotContain(inner, read, StringComparison.OrdinalIgnoreCase));
    }

    private static string Call(string image) => StackCalls.Arguments(image, "what is it?").ToJsonString();

    private static Action<IServiceCollection> Broken(Exception fault)
    {
        Mock<IImageDecoder> decoder = new();
        decoder
            .Setup(d => d.Decode(
                It.IsAny<ReadOnlyMemory<byte>>(), It.IsAny<ImageHeader>(), It.IsAny<IPixelRows>(), It.IsAny<CancellationToken>()))
            .Throws(fault);
        return services => services.AddBlip().AddSingleton(decoder.Object);
    }
}
