using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Blip.Images;
using Blip.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

public sealed class BlipToolsTests : IAsyncLifetime
{
    private static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    private readonly ServiceProvider _services = new ServiceCollection()
        .AddBlip(configureSources: s => s.AllowedFolders = [TestPaths.Sample("").TrimEnd('/')])
        .BuildServiceProvider();

    private readonly BlipConversation _conversation = new();
    private BlipTools _tools = null!;

    public ValueTask InitializeAsync()
    {
        _tools = _services.CreateTools(_conversation);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _conversation.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task AskImage_AttachedImage_AnswersWithConfidenceAndHandle()
    {
        string handle = _conversation.Attach(Dogs)!;
        ImageAnswer answer = await _tools.AskImageAsync(handle, "how many dogs are in the picture?");
        Assert.Equal(("2", "image-1"), (answer.Answer, answer.Image));
        Assert.InRange(answer.Confidence!.Value, 0.5, 1);
        Assert.Null(answer.Unsure);
        Assert.Equal("2", answer.ToString());
    }

    [Fact]
    public async Task MinConfidence_WithholdsAnAnswer_AsAnOutcome()
    {
        string handle = _conversation.Attach(Dogs)!;
        ImageAnswer unsure = await _tools.AskImageAsync(handle, "how many dogs are in the picture?", 0.99999);
        Assert.Equal((null, "low_confidence", true), (unsure.Answer, unsure.Error!.Code, unsure.Calibrated));
        Assert.InRange(unsure.Confidence!.Value, 0.5, 1);
        ImageAnswers many = await _tools.AskImageManyAsync(handle, ["how many dogs are in the picture?", "what color is the tree?"], 0.99);
        Assert.Equal((true, "green"), (many.Answers![0].Error is not null, many.Answers[1].Answer));
        ImageAnswer chosen = await _tools.ChooseAnswerAsync(handle, "how many dogs are in the picture?", ["1", "2"], 0.99999);
        Assert.Equal((null, null, "low_confidence"), (chosen.Answer, chosen.Choices, chosen.Error!.Code));
        ToolError wrong = (await _tools.AskImageAsync(handle, "how many dogs are in the picture?", 7)).Error!;
        Assert.Equal((BlipErrorCode.InvalidRequest, "min_confidence is 7; it must be 0 to 1."), (wrong.Code, wrong.Message));
    }

    [Fact]
    public async Task ChooseAnswer_RanksTheChoices_AndSaysWhatIsWrongWithOne()
    {
        string handle = _conversation.Attach(Dogs)!;
        ImageAnswer answer = await _tools.ChooseAnswerAsync(handle, "how many dogs are in the picture?", ["1", "2", "three dogs"]);
        Assert.Equal(("2", "image-1"), (answer.Answer, answer.Image));
        Assert.Equal(["2", "1", "three dogs"], answer.Choices!.Select(choice => choice.Text));
        Assert.Equal(1, answer.Choices!.Sum(choice => choice.Probability), 0.02);
        ImageAnswer wrong = await _tools.ChooseAnswerAsync(handle, "what color is it?", ["red", "Red"]);
        Assert.Equal(BlipErrorCode.InvalidRequest, wrong.Error!.Code);
        Assert.Contains("Choices 1 and 2 are the same", wrong.Error.Message, StringComparison.Ordinal);
        Assert.NotNull((await _tools.ChooseAnswerAsync(handle, "what color is it?", [])).Error);
        Assert.Null((await _tools.AskImageAsync(handle, "what color is it?")).Choices);
    }

    [Fact]
    public async Task AskImage_ByFile_IsNamedByTheFileAndPushesNoAttachmentOut()
    {
        string handle = _conversation.Attach(Dogs)!;
        for (int i = 0; i < 40; i++)
        {
            ImageAnswer answer = await _tools.AskImageAsync(TestPaths.Sample("room.jpg"), "is this inside or outside?");
            Assert.Equal(("inside", "room.jpg"), (answer.Answer, answer.Image));
        }
        Assert.Equal("2", (await _tools.AskImageAsync(handle, "how many dogs are in the picture?")).Answer);
        Assert.Single(_tools.ListImages().Images!);
    }

    [Fact]
    public async Task AskImage_DataUri_GetsAHandleForFurtherQuestions()
    {
        ImageAnswer first = await _tools.AskImageAsync("data:image/jpeg;base64," + Convert.ToBase64String(Dogs), "is there a cat?");
        Assert.Equal(("no", "image-1"), (first.Answer, first.Image));
        Assert.Equal("2", (await _tools.AskImageAsync("image-1", "how many dogs are in the picture?")).Answer);
    }

    [Fact]
    public void AddBlip_Configuration_IsBoundAndLeavesTheDefaultsAlone()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Blip:Model"] = "org/name",
            ["Blip:Precision"] = "Int8",
            ["Blip:ImageSize"] = "480",
            ["Blip:Image:Limits:MaxSide"] = "1000",
            ["Blip:Image:Limits:MaxPixels"] = "2000",
            ["Blip:Image:Limits:MaxBytes"] = "3000",
            ["Blip:Image:Orientation"] = "Ignore",
            ["Blip:Sources:AllowedHosts:0"] = "*.example.com",
            ["Blip:Handles:MaxImages"] = "3",
        }).Build();
        using ServiceProvider services = new ServiceCollection().AddSingleton(configuration).AddBlip().BuildServiceProvider();
        BlipOptions options = services.GetRequiredService<IOptions<BlipOptions>>().Value;
        Assert.Equal(("org/name", BlipPrecision.Int8, 480), (options.Model, options.Precision, options.ImageSize));
        Assert.Equal(new ImageLimits { MaxSide = 1000, MaxPixels = 2000, MaxBytes = 3000 }, options.Image.Limits);
        Assert.Equal(ImageOrientation.Ignore, options.Image.Orientation);
        Assert.Equal(["*.example.com"], services.GetRequiredService<IOptions<ImageSourceOptions>>().Value.AllowedHosts);
        Assert.Equal(3, services.GetRequiredService<IOptions<ImageStoreOptions>>().Value.MaxImages);
        Assert.NotEqual(1000, ImageLimits.Default.MaxSide);
    }

    [Theory]
    [InlineData("Blip:MaxRequests", "0")]
    [InlineData("Blip:Sources:AllowedHosts:0", "no host!")]
    [InlineData("Blip:Handles:MaxImages", "-1")]
    [InlineData("Blip:Image:Alpha", "7")]
    [InlineData("Blip:Image:Orientation", "-1")]
    public void AddBlip_OptionOutOfRange_FailsAtStart(string key, string value)
    {
        Dictionary<string, string?> settings = new() { [key] = value };
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        using ServiceProvider services = new ServiceCollection().AddSingleton(configuration).AddBlip().BuildServiceProvider();
        OptionsValidationException error =
            Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IStartupValidator>().Validate());
        Assert.StartsWith(key.TrimEnd(':', '0'), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddBlip_EverySettingIsKnown_OthersFailAtStart()
    {
        Dictionary<string, string?> settings = new()
        {
            ["Blip:model"] = "demo",
            ["Blip:Hub:Retries"] = "1",
            ["Blip:Image:Limits:MaxSide"] = "9",
            ["Blip:Sources:AllowedPorts:0"] = "8080",
            ["Blip:Sources:AllowedHosts"] = "a.example;b.example",
            ["Blip:Handles:Lifetime"] = "00:01:00",
            ["Blip:Decoder"] = "skia",
            ["Blip:Metrics"] = "true",
            ["Other:Modle"] = "x",
        };
        Validate(settings);
        string[] others = ["Blip:Modle", "Blip:Sources:Hosts:0", "Blip:Image:Limits:MaxSide:More", "Blip:Hub:Environment"];
        foreach (string unknown in others)
        {
            OptionsValidationException error =
                Assert.Throws<OptionsValidationException>(() => Validate(new(settings) { [unknown] = "secret" }));
            Assert.StartsWith(unknown + " is not a setting", Assert.Single(error.Failures), StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        }

        static void Validate(Dictionary<string, string?> settings)
        {
            IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
            using ServiceProvider services = new ServiceCollection().AddSingleton(configuration).AddBlip().AddBlip().BuildServiceProvider();
            services.GetRequiredService<IStartupValidator>().Validate();
        }
    }

    [Fact]
    public async Task AskImageMany_OneQuestionIsEmpty_TheOthersAreAnswered()
    {
        string handle = _conversation.Attach(Dogs)!;
        ImageAnswers answers = await _tools.AskImageManyAsync(handle, ["is there a cat?", " ", "what color is the tree?"]);
        Assert.Equal(["no", null, "green"], answers.Answers!.Select(a => a.Answer));
        Assert.Equal(BlipErrorCode.QuestionEmpty, answers.Answers![1].Error!.Code);
        using JsonDocument json = JsonDocument.Parse(JsonSerializer.Serialize(answers));
        Assert.Equal(3, json.RootElement.GetProperty("answers").GetArrayLength());
    }

    [Fact]
    public async Task AskImages_OneImageIsUnknown_TheOthersAreAnswered()
    {
        string[] images = [_conversation.Attach(Dogs)!, "image-9", TestPaths.Sample("beach.jpg")];
        ImageAnswers answers = await _tools.AskImagesAsync(images, "is it day or night?");
        Assert.Equal(["day", null, "night"], answers.Answers!.Select(a => a.Answer));
        Assert.Equal(ImageSourceErrorCode.ImageNotFound, answers.Answers![1].Error!.Code);
        Assert.NotNull(answers.Answers[1].Error!.Hint);
    }

    [Theory]
    [InlineData(0, BlipErrorCode.InvalidRequest)]
    [InlineData(17, ServiceErrorCode.TooManyQuestions)]
    public async Task AskImageMany_WrongCount_IsAnError(int count, string code) =>
        Assert.Equal(code, (await _tools.AskImageManyAsync("image-1", [.. Enumerable.Repeat("what?", count)])).Error!.Code);

    [Fact]
    public void ListImages_NoConversation_SaysWhatToDo()
    {
        using ImageStore store = new();
        ImageList list = _services.CreateTools(BlipConversation.Stateless(store)).ListImages();
        Assert.Null(list.Images);
        Assert.NotNull(list.Hint);
    }

    [Fact]
    public async Task AskImage_Stateless_TakesTheStoresHandle()
    {
        using ImageStore store = new();
        string handle = store.Add(Dogs).Image.Handle;
        ImageAnswer answer = await _services.CreateTools(BlipConversation.Stateless(store)).AskImageAsync(handle, "is there a cat?");
        Assert.Equal(("no", null), (answer.Answer, answer.Image));
    }

    /// <summary>On no path does a failure tell the language model anything about the machine.</summary>
    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("file:///etc/hostname")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("https://internal.example.com/secret.jpg")]
    [InlineData("data:image/png;base64,AAAA")]
    [InlineData("image-77")]
    public async Task Failure_OnEveryPath_ShowsNothingOfTheMachine(string image)
    {
        ImageAnswer answer = await _tools.AskImageAsync(image, "what is it?");
        Assert.NotNull(answer.Error);
        AssertClean(JsonSerializer.Serialize(answer), image);

        Kernel kernel = new(_services);
        KernelFunction kernelFunction = kernel.ImportPluginFromBlip(_conversation)["ask_image"];
        FunctionResult invoked = await kernelFunction.InvokeAsync(kernel, new() { ["image"] = image, ["question"] = "what?" });
        AssertClean(invoked.ToString(), image);
        AIFunction function = _services.CreateBlipFunctions(_conversation)[0];
        object? called = await function.InvokeAsync(new() { ["image"] = image, ["question"] = "what?" });
        AssertClean(called!.ToString()!, image);
    }

    [Fact]
    public async Task Failure_ModelIsBroken_NamesNoFile()
    {
        string broken = TestPaths.Golden("models", "bad", "truncated");
        await using ServiceProvider services = new ServiceCollection().AddBlip(o => o.Model = broken).BuildServiceProvider();
        ImageAnswer answer = await services.CreateTools(_conversation).AskImageAsync(_conversation.Attach(Dogs)!, "what is it?");
        Assert.Equal(BlipErrorCode.ModelInvalid, answer.Error!.Code);
        AssertClean(JsonSerializer.Serialize(answer), "-");
        Assert.DoesNotContain("safetensors", JsonSerializer.Serialize(answer), StringComparison.Ordinal);
    }

    private static void AssertClean(string text, string given)
    {
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain(TestPaths.Root, text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
        if (!given.Contains("169.254", StringComparison.Ordinal))
            Assert.DoesNotMatch(@"\d+\.\d+\.\d+\.\d+", text);
    }
}
