using System.Diagnostics;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Blip.AI;
using Blip.AI.Images;
using Blip.Hosting.Blobs;
using Blip.Images;
using Blip.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>Events between any two requests to the storage, with the storage emulator and the demo model.</summary>
[Trait("Category", "Long")]
public sealed class BlobAnsweringTests : IAsyncLifetime
{
    private static readonly BinaryData Dogs = BinaryData.FromBytes(File.ReadAllBytes(TestPaths.Sample("dogs.jpg"))),
        Other = BinaryData.FromBytes(File.ReadAllBytes(TestPaths.Golden("demo", "pictures", "0000.jpg")));

    private readonly BlipService _service = new(Options.Create(new BlipOptions()));
    private Azurite _azurite = null!;
    private BlobContainerClient _images = null!, _answers = null!;

    public async ValueTask InitializeAsync()
    {
        _azurite = await Azurite.StartAsync();
        _images = _azurite.Blobs.GetBlobContainerClient("images");
        _answers = _azurite.Blobs.GetBlobContainerClient("answers");
        await _images.CreateAsync();
        await _answers.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        if (_azurite is not null)
            await _azurite.DisposeAsync();
    }

    [Fact]
    public async Task Replaced_AtAnyStepAndAnsweredByAnotherCall_TheNewerStays() => await AtEachStepAsync(async (name, answerDuring) =>
    {
        await answerDuring(async () =>
        {
            await UploadAsync(name, Other);
            await AnswerAsync(name);
        });
        await AssertAnswersNewestAsync(name, Other);
    });

    [Fact]
    public async Task Replaced_AtAnyStep_TheNextCallAnswersTheNewer() => await AtEachStepAsync(async (name, answerDuring) =>
    {
        await answerDuring(() => UploadAsync(name, Other));
        await AnswerAsync(name);
        await AssertAnswersNewestAsync(name, Other);
    });

    [Fact]
    public async Task SideFile_AtAnyStepAndAnsweredByAnotherCall_ItsQuestionsStay() => await AtEachStepAsync(async (name, answerDuring) =>
    {
        await answerDuring(async () =>
        {
            string side = name + ".questions.json";
            await UploadAsync(side, BinaryData.FromString("""["is there a cat?"]"""));
            await AnswerAsync(side);
        });
        Assert.Equal(["is there a cat?"], await AskedAsync(name));
    });

    [Fact]
    public async Task Failed_AtAnyStep_ThrowsAndTheNextTryAnswers() => await AtEachStepAsync(async (name, answerDuring) =>
    {
        RequestFailedException failure = await Assert.ThrowsAsync<RequestFailedException>(
            () => answerDuring(() => throw new RequestFailedException(403, "the storage refuses")));
        Assert.Equal("the storage refuses", failure.Message);
        await AnswerAsync(name);
        await AssertAnswersNewestAsync(name, Dogs);
    });

    [Fact]
    public async Task FailedOnce_AtAnyStep_WaitsAndAnswers() => await AtEachStepAsync(
        async (name, answerDuring) =>
        {
            bool failed = false;
            await answerDuring(() =>
            {
                if (failed)
                    return Task.CompletedTask;
                failed = true;
                throw new RequestFailedException(403, "the storage refuses");
            });
            await AssertAnswersNewestAsync(name, Dogs);
        },
        new BlobAnsweringOptions { TryTime = TimeSpan.FromSeconds(6) });

    [Fact]
    public async Task AnsweredByAnotherCall_AtAnyStep_ThereIsOneDocument() => await AtEachStepAsync(async (name, answerDuring) =>
    {
        ETag first = default;
        await answerDuring(async () =>
        {
            await AnswerAsync(name);
            first = await VersionAsync(name);
        });
        Assert.Equal(first, await VersionAsync(name));
        await AssertAnswersNewestAsync(name, Dogs);
    });

    [Fact]
    public async Task Deleted_AtAnyStep_EndsWithoutAnError() => await AtEachStepAsync(
        (name, answerDuring) => answerDuring(() => _images.GetBlobClient(name).DeleteAsync()));

    [Fact]
    public async Task AnswersContainer_Missing_IsCreated()
    {
        BlobContainerClient missing = _azurite.Blobs.GetBlobContainerClient("missing");
        await UploadAsync("a.jpg", Dogs);
        await Answering().AnswerAsync(_images.GetBlobClient("a.jpg"), missing);
        Assert.True(await missing.GetBlobClient("a.jpg.json").ExistsAsync());
    }

    [Fact]
    public async Task Questions_ComeFromMetadataThenSideFileThenSettings_AndNewOnesAreAnsweredAnew()
    {
        await UploadAsync("a.jpg", Dogs);
        await AnswerAsync("a.jpg", new BlobAnsweringOptions { Questions = ["is there a cat?"] });
        Assert.Equal(["is there a cat?"], await AskedAsync("a.jpg"));
        ETag before = await VersionAsync("a.jpg");
        await AnswerAsync("a.jpg", new BlobAnsweringOptions { Questions = ["is there a cat?"] });
        Assert.Equal(before, await VersionAsync("a.jpg"));

        await UploadAsync("a.jpg.questions.json", BinaryData.FromString("""["where is this?","how many dogs are in the picture?"]"""));
        await AnswerAsync("a.jpg.questions.json");
        Assert.Equal(["where is this?", "how many dogs are in the picture?"], await AskedAsync("a.jpg"));

        Dictionary<string, string> metadata = new() { ["Questions"] = """["is it day or night?"]""" };
        await _images.GetBlobClient("a.jpg").SetMetadataAsync(metadata);
        await AnswerAsync("a.jpg");
        Assert.Equal(["is it day or night?"], await AskedAsync("a.jpg"));
        Assert.False(await _answers.GetBlobClient("a.jpg.questions.json.json").ExistsAsync());
    }

    [Fact]
    public async Task Questions_WithAByteOrderMark_AreRead()
    {
        await UploadAsync("a.jpg", Dogs);
        byte[] side = [0xEF, 0xBB, 0xBF, .. """["is there a cat?"]"""u8];
        await UploadAsync("a.jpg.questions.json", BinaryData.FromBytes(side));
        await AnswerAsync("a.jpg");
        Assert.Equal(["is there a cat?"], await AskedAsync("a.jpg"));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("[null]")]
    [InlineData("""["a",1]""")]
    [InlineData("""{"a":"b"}""")]
    [InlineData("""["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a"]""")]
    public async Task Questions_Wrong_GiveAnErrorDocumentUntilTheyAreCorrected(string side)
    {
        await UploadAsync("a.jpg", Dogs);
        await UploadAsync("a.jpg.questions.json", BinaryData.FromString(side));
        await AnswerAsync("a.jpg");
        Assert.Equal("invalid_request", await ErrorCodeAsync("a.jpg"));
        await UploadAsync("a.jpg.questions.json", BinaryData.FromString("""["is there a cat?"]"""));
        await AnswerAsync("a.jpg.questions.json");
        Assert.Equal(["is there a cat?"], await AskedAsync("a.jpg"));
    }

    [Fact]
    public async Task Image_TooLargeEmptyOrText_GivesAnErrorDocument()
    {
        await UploadAsync("large.jpg", Dogs);
        await AnswerAsync("large.jpg", sources: new ImageSourceOptions { MaxBytes = 1000 });
        await UploadAsync("empty.jpg", BinaryData.FromString(""));
        await AnswerAsync("empty.jpg");
        await UploadAsync("text.txt", BinaryData.FromString("hello"));
        await AnswerAsync("text.txt");
        Assert.Equal("image_too_large", await ErrorCodeAsync("large.jpg"));
        Assert.Equal("image_corrupt", await ErrorCodeAsync("empty.jpg"));
        Assert.Equal("unsupported_image", await ErrorCodeAsync("text.txt"));
    }

    [Fact]
    public async Task Name_AsLongAsAllowed_HasADocument()
    {
        string name = string.Concat(Enumerable.Repeat("é/", 509)) + "a.jpg!";
        Assert.Equal(1024, name.Length);
        await UploadAsync(name, Dogs);
        await AnswerAsync(name);
        Assert.StartsWith("sha256-", Assert.Single(_answers.GetBlobs().ToList()).Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Model_CannotBeUsed_ThrowsAndLeavesNoDocument()
    {
        await UploadAsync("a.jpg", Dogs);
        string missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        await using BlipService service = new(Options.Create(new BlipOptions { Model = missing }));
        await Assert.ThrowsAsync<BlipModelException>(
            () => Answering(service: service).AnswerAsync(_images.GetBlobClient("a.jpg"), _answers));
        Assert.False(await _answers.GetBlobClient("a.jpg.json").ExistsAsync());
    }

    [Fact]
    public async Task Model_ThatComesLater_IsWaitedFor()
    {
        await UploadAsync("a.jpg", Dogs);
        string model = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        await using BlipService service = new(Options.Create(new BlipOptions { Model = model }));
        BlobAnsweringOptions options = new() { TryTime = TimeSpan.FromSeconds(30) };
        Task answering = Answering(options, service: service).AnswerAsync(_images.GetBlobClient("a.jpg"), _answers);
        await Task.Delay(500);
        Assert.False(answering.IsCompleted);
        Directory.CreateSymbolicLink(model, Path.Combine(TestPaths.Root, "models", "demo"));
        try
        {
            await answering;
        }
        finally
        {
            Directory.Delete(model);
        }
        Assert.Equal(["what is in the picture?"], await AskedAsync("a.jpg"));
    }

    [Fact]
    public async Task Model_ThatDoesNotCome_ThrowsWhenTheTimeIsOver()
    {
        await UploadAsync("a.jpg", Dogs);
        string missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        await using BlipService service = new(Options.Create(new BlipOptions { Model = missing }));
        // The first attempt of a process takes longer than others, since it loads ONNX Runtime.
        BlobAnsweringOptions options = new() { TryTime = TimeSpan.FromSeconds(4) };
        Stopwatch clock = Stopwatch.StartNew();
        await Assert.ThrowsAsync<BlipModelException>(
            () => Answering(options, service: service).AnswerAsync(_images.GetBlobClient("a.jpg"), _answers));
        // The last pause, a sixth of the time, did not fit any more.
        Assert.InRange(clock.Elapsed.TotalSeconds, 3.2, 10);
    }

    [Fact]
    public async Task Document_AmongTheImages_IsNeverAnswered()
    {
        await UploadAsync("a.jpg", Dogs);
        await Answering().AnswerAsync(_images.GetBlobClient("a.jpg"), _images);
        await Answering().AnswerAsync(_images.GetBlobClient("a.jpg.json"), _images);
        Assert.Equal(["a.jpg", "a.jpg.json"], _images.GetBlobs().Select(blob => blob.Name));
        // Not a copy of it either, as another app would find it.
        BlobClient copy = _images.GetBlobClient("copy.jpg");
        await (await copy.StartCopyFromUriAsync(_images.GetBlobClient("a.jpg.json").Uri)).WaitForCompletionAsync();
        await AnswerAsync("copy.jpg");
        Assert.False(await _answers.GetBlobClient("copy.jpg.json").ExistsAsync());
    }

    [Theory]
    [InlineData(BlipErrorCode.PackageMissing)]
    [InlineData(BlipErrorCode.Internal)]
    public async Task Decoder_CannotWorkHere_ThrowsAndLeavesNoDocument(string code)
    {
        await UploadAsync("a.jpg", Dogs);
        ServiceCollection collection = new();
        collection.AddSingleton<IImageDecoder>(new FailingDecoder(code));
        await using ServiceProvider services = collection.BuildServiceProvider();
        await using BlipService service = new(Options.Create(new BlipOptions()), services);
        BlipException failed = await Assert.ThrowsAsync<BlipException>(
            () => Answering(service: service).AnswerAsync(_images.GetBlobClient("a.jpg"), _answers));
        Assert.Equal(code, failed.Code);
        Assert.False(await _answers.GetBlobClient("a.jpg.json").ExistsAsync());
    }

    /// <summary>
    /// Runs a scenario for each request that a call sends to the storage. The second argument of the scenario answers the image, and does
    /// something right before that request.
    /// </summary>
    private async Task AtEachStepAsync(
        Func<string, Func<Func<Task>, Task>, Task> scenario, BlobAnsweringOptions? options = null)
    {
        int step = 0;
        for (bool reached = true; reached; step++)
        {
            string name = $"{step}.jpg";
            await UploadAsync(name, Dogs);
            BlobClientOptions storage = new() { Retry = { MaxRetries = 0 } };
            Interruption interruption = new(step);
            storage.AddPolicy(interruption, HttpPipelinePosition.PerCall);
            BlobServiceClient blobs = new(_azurite.Connection, storage);
            try
            {
                await scenario(name, async action =>
                {
                    interruption.Action = action;
                    BlobClient image = blobs.GetBlobContainerClient("images").GetBlobClient(name);
                    await Answering(options).AnswerAsync(image, blobs.GetBlobContainerClient("answers"));
                    // After the last request there is no interruption, and nothing to check.
                    if (!interruption.Happened)
                        throw new BeyondLastStepException();
                });
            }
            catch (Exception exception) when (exception is BeyondLastStepException || !interruption.Happened)
            {
                reached = false;
            }
        }
        Assert.InRange(step, 6, 12);
    }

    private BlobAnswering Answering(
        BlobAnsweringOptions? options = null, ImageSourceOptions? sources = null, BlipService? service = null) =>
        new(
            service ?? _service,
            Options.Create(options ?? new BlobAnsweringOptions { TryTime = TimeSpan.Zero }),
            Options.Create(sources ?? new ImageSourceOptions()),
            TimeProvider.System,
            NullLogger<BlobAnswering>.Instance);

    private Task AnswerAsync(string name, BlobAnsweringOptions? options = null, ImageSourceOptions? sources = null) =>
        Answering(options, sources).AnswerAsync(_images.GetBlobClient(name), _answers);

    private async Task UploadAsync(string name, BinaryData content) =>
        await _images.GetBlobClient(name).UploadAsync(content, overwrite: true);

    private async Task<ETag> VersionAsync(string name) => (await _answers.GetBlobClient(name + ".json").GetPropertiesAsync()).Value.ETag;

    private async Task<JsonElement> DocumentAsync(string name)
    {
        BlobDownloadResult document = await _answers.GetBlobClient(name + ".json").DownloadContentAsync();
        return JsonDocument.Parse(document.Content).RootElement;
    }

    private async Task<string?> ErrorCodeAsync(string name) =>
        (await DocumentAsync(name)).GetProperty("error").GetProperty("code").GetString();

    private async Task<string?[]> AskedAsync(string name)
    {
        JsonElement answers = (await DocumentAsync(name)).GetProperty("answers");
        return [.. answers.EnumerateArray().Select(a => a.GetProperty("question").GetString())];
    }

    private async Task AssertAnswersNewestAsync(string name, BinaryData content)
    {
        JsonElement document = await DocumentAsync(name);
        BlobProperties image = await _images.GetBlobClient(name).GetPropertiesAsync();
        Assert.Equal(image.ETag.ToString(), document.GetProperty("image_etag").GetString());
        JsonElement answer = Assert.Single(document.GetProperty("answers").EnumerateArray().ToArray());
        BlipModel model = await _service.GetModelAsync();
        Answer expected = await model.AskAsync(BlipImage.FromBytes(content.ToArray()), "what is in the picture?");
        Assert.Equal(expected.Text, answer.GetProperty("answer").GetString());
    }

    private sealed class BeyondLastStepException : Exception;

    /// <summary>Runs an action right before one of the requests.</summary>
    private sealed class Interruption(int step) : HttpPipelinePolicy
    {
        private int _requests;

        public Func<Task> Action { get; set; } = () => Task.CompletedTask;

        public bool Happened { get; private set; }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (_requests++ == step)
            {
                Happened = true;
                await Action();
            }
            await ProcessNextAsync(message, pipeline);
        }
    }

    private sealed class FailingDecoder(string code) : IImageDecoder
    {
        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken) =>
            throw new BlipException(code, "This decoder cannot work here.");
    }
}
