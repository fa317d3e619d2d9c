using Blip.Tests;
using Xunit;
using static Blip.Tests.GoldenModels;

namespace Blip.Hub.Tests;

/// <summary>A model named by its id is downloaded, loaded and asked, through the library and through the command line.</summary>
public sealed class HubModelTests : HubTest
{
    [Theory]
    [InlineData("base")]
    [InlineData("form-sharded")]
    [InlineData("form-bin")]
    [InlineData("form-bin-sharded")]
    [InlineData("form-old-config")]
    public async Task Load_ById_AnswersTheGoldenCases(string name)
    {
        await using HubServer server = await HubServer.StartAsync(name);
        List<LoadStage> stages = [];
        BlipOptions options = new() { Model = HubServer.Id, Hub = Options(server) };
        await using BlipModel model = await BlipModel.LoadAsync(options, new BlipServices { Progress = new Collect(stages) }, Cancellation);
        Assert.Equal(HubServer.Id, model.Info.Name);
        foreach (GoldenCase c in Cases(name))
        {
            BlipImage image = BlipImage.FromFile(ImagePath(c.Image));
            Assert.Equal(c.TokenIds, (await model.AskAsync(image, c.Question, cancellationToken: Cancellation)).TokenIds);
        }
        lock (stages)
            Assert.Equal([LoadStage.Downloading, LoadStage.Reading, LoadStage.Preparing, LoadStage.Ready], stages.Distinct());

        int requests = server.Requests.Count;
        BlipOptions offline = new() { Model = HubServer.Id, Hub = Options(server, offline: true) };
        await using BlipModel again = await BlipModel.LoadAsync(offline, cancellationToken: Cancellation);
        Assert.Equal(requests, server.Requests.Count);
    }

    /// <summary>A repository of an adapter has no config.json. Its base model is another repository, here a folder.</summary>
    [Fact]
    public async Task Load_AdapterById_IsMergedIntoItsBase()
    {
        await using HubServer server = await HubServer.StartAsync("lora");
        await AskAsync(offline: false);
        Assert.Equal(
            ["adapter_config.json", "adapter_model.safetensors"],
            Directory.GetFiles(Snapshot).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        int requests = server.Requests.Count;
        await AskAsync(offline: true);
        Assert.Equal(requests, server.Requests.Count);

        BlipOptions alone = new() { Model = HubServer.Id, Hub = Options(server) };
        BlipException refused = await Assert.ThrowsAnyAsync<BlipException>(
            () => BlipModel.LoadAsync(alone, cancellationToken: Cancellation));
        Assert.Contains("The adapter org/demo needs its base model org/base.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'org/base'", refused.Message, StringComparison.Ordinal);

        async Task AskAsync(bool offline)
        {
            BlipOptions options = new() { Model = HubServer.Id, BaseModel = Folder("base"), Hub = Options(server, offline: offline) };
            await using BlipModel model = await BlipModel.LoadAsync(options, cancellationToken: Cancellation);
            GoldenCase c = Cases("lora")[0];
            Answer answer = await model.AskAsync(BlipImage.FromFile(ImagePath(c.Image)), c.Question, cancellationToken: Cancellation);
            Assert.Equal(c.TokenIds, answer.TokenIds);
        }
    }

    [Fact]
    public async Task Command_PullListAskRemove_WorkAsAUserExpects()
    {
        await using HubServer server = await HubServer.StartAsync();
        GoldenCase c = Cases("base")[0];

        BlipProcess.Result pulled = await RunAsync(server, "pull", HubServer.Id);
        Assert.Equal((0, Snapshot), (pulled.Code, pulled.Lines[0]));
        Assert.Contains(pulled.ErrorLines, line => line.StartsWith("model.safetensors:", StringComparison.Ordinal));

        BlipProcess.Result listed = await RunAsync(server, "models");
        Assert.Contains($"{HubServer.Id}\t{HubServer.Commit[..12]}\tmain\t", Assert.Single(listed.Lines), StringComparison.Ordinal);
        Assert.EndsWith("usable", listed.Lines[0], StringComparison.Ordinal);

        BlipProcess.Result asked = await RunAsync(server, "ask", ImagePath(c.Image), c.Question, "--model", HubServer.Id, "--json");
        Assert.Contains($"\"token_ids\":[{string.Join(',', c.TokenIds)}]", asked.Out, StringComparison.Ordinal);
        Assert.Contains($"\"model\":\"{HubServer.Id}\"", asked.Out, StringComparison.Ordinal);

        BlipProcess.Result removed = await RunAsync(server, "models", "remove", HubServer.Id);
        Assert.Equal(0, removed.Code);
        Assert.Empty((await RunAsync(server, "models")).Out);
        Assert.Equal(1, (await RunAsync(server, "models", "remove", HubServer.Id)).Code);
    }

    [Fact]
    public async Task Command_UnknownId_IsOneLine()
    {
        await using HubServer server = await HubServer.StartAsync();
        BlipProcess.Result result = await RunAsync(server, "ask", ImagePath(0), "what?", "--model", "org/unknown");
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Contains("org/unknown", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private Task<BlipProcess.Result> RunAsync(HubServer server, params string[] arguments) =>
        BlipProcess.RunAsync(null, arguments, environment: new Dictionary<string, string>
        {
            ["HF_ENDPOINT"] = server.Endpoint.ToString(),
            ["HF_HUB_CACHE"] = Cache,
            ["HF_TOKEN"] = "",
            ["HF_TOKEN_PATH"] = Path.Combine(Cache, "no token"),
        });

    private sealed class Collect(List<LoadStage> stages) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            lock (stages)
                stages.Add(value.Stage);
        }
    }
}
