using System.Net.Http.Headers;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Searching;
using Blip.Search;
using Blip.Tests;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Captions, matches, embeddings and search over HTTP, with what the library gives.</summary>
public sealed class FamilyTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string DataUri = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);
    private static readonly string[] Texts = ["two dogs", "a cat"];

    private Service Service => shared.Service;

    [Fact]
    public async Task Caption_EachForm_IsThatOfTheLibrary()
    {
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync();
        BlipImage image = BlipImage.FromBytes(Service.Dogs);
        Caption expected = await model.CaptionAsync(image, "two");
        using MultipartFormDataContent form = Service.Form(Service.Dogs);
        form.Add(new StringContent("two"), "prompt");
        JsonElement[] captions =
        [
            await Service.PostAsync("/api/caption", form),
            await Service.PostAsync("/api/caption?prompt=two", Service.Image(Service.Dogs)),
            await Service.PostAsync("/api/caption", Service.Json(JsonSerializer.Serialize(new { image = DataUri, prompt = "two" }))),
        ];
        Assert.All(captions, caption =>
        {
            Assert.Equal(expected.Text, caption.GetProperty("caption").GetString());
            Assert.Equal(expected.TokenIds, caption.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32()));
            Assert.Equal(expected.TokenLogProbabilities.Count, caption.GetProperty("token_logprobs").GetArrayLength());
            Assert.False(caption.TryGetProperty("sequences", out _));
        });
        JsonElement beams = await Service.PostAsync("/api/caption?beams=3&best=2", Service.Image(Service.Dogs));
        Assert.Equal(2, beams.GetProperty("sequences").GetArrayLength());
    }

    [Fact]
    public async Task Match_EachForm_IsThatOfTheLibrary()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync();
        TextMatch[] expected = await model.MatchAsync(BlipImage.FromBytes(Service.Dogs), Texts);
        using MultipartFormDataContent form = Service.Form(Service.Dogs);
        foreach (string text in Texts)
            form.Add(new StringContent(text), "texts");
        JsonElement[] replies =
        [
            await Service.PostAsync("/api/match", form),
            await Service.PostAsync("/api/match?texts=two+dogs&texts=a+cat", Service.Image(Service.Dogs)),
            await Service.PostAsync("/api/match", Service.Json(JsonSerializer.Serialize(new { image = DataUri, texts = Texts }))),
        ];
        foreach (JsonElement reply in replies)
        {
            JsonElement[] matches = [.. reply.GetProperty("matches").EnumerateArray()];
            Assert.Equal(Texts, matches.Select(match => match.GetProperty("text").GetString()));
            Assert.All(expected.Zip(matches), pair =>
            {
                Assert.Equal(pair.First.Match, pair.Second.GetProperty("match").GetDouble(), 1e-5);
                Assert.Equal(pair.First.Cosine, pair.Second.GetProperty("cosine").GetDouble(), 1e-5);
            });
        }
    }

    [Fact]
    public async Task Score_EachForm_IsThatOfTheLibrary()
    {
        string[] phrases = ["two dogs", "a tree"];
        await using BlipModel model = await BlipModel.LoadAsync();
        PhraseScore expected = await model.ScoreAsync(BlipImage.FromBytes(Service.Dogs), phrases);
        using MultipartFormDataContent form = Service.Form(Service.Dogs);
        foreach (string phrase in phrases)
            form.Add(new StringContent(phrase), "phrases");
        JsonElement[] scores =
        [
            await Service.PostAsync("/api/score", form),
            await Service.PostAsync("/api/score?prompt=two+dogs+near+a+tree", Service.Image(Service.Dogs)),
            await Service.PostAsync("/api/score", Service.Json(JsonSerializer.Serialize(new { image = DataUri, phrases }))),
        ];
        Assert.All(scores, score =>
        {
            Assert.Equal(phrases, score.GetProperty("phrases").EnumerateArray().Select(phrase => phrase.GetString()));
            Assert.All(
                expected.Probabilities.Zip(score.GetProperty("probabilities").EnumerateArray(), (a, b) => (a, b.GetDouble())),
                pair => Assert.Equal(pair.a, pair.Item2, 1e-5));
            Assert.Equal(expected.Score, score.GetProperty("score").GetDouble(), 1e-5);
            Assert.Equal("demo", score.GetProperty("model").GetString());
        });
        Assert.InRange(expected.Score, 0.5, 0.9999);
        JsonElement none = await Service.PostAsync("/api/score?prompt=and+then", Service.Image(Service.Dogs));
        Assert.Equal((0, 0), (none.GetProperty("score").GetDouble(), none.GetProperty("phrases").GetArrayLength()));
    }

    [Theory]
    [InlineData("/api/score", "{}", "No phrase is given")]
    [InlineData("/api/score", """{"phrases":["a dog"],"prompt":"a dog"}""", "not both")]
    [InlineData("/api/score", """{"question":"a dog?"}""", "Send 'image', and 'phrases' or 'prompt'.")]
    [InlineData("/api/caption", """{"question":"what?"}""", "member 'question'. Send 'image'; 'prompt'")]
    [InlineData("/api/caption", """{"beams":99}""", "beams is 99")]
    [InlineData("/api/caption", """{"prompt":7}""", "'prompt' is not a valid string")]
    [InlineData("/api/match", "{}", "No text is given")]
    [InlineData("/api/match", """{"texts":"two dogs"}""", "'texts' must be an array")]
    [InlineData("/api/search", """{"query":"dogs"}""", "an unknown member 'image'")]
    public async Task WrongMember_IsNamed(string path, string members, string says)
    {
        string json = $$"""{"image":"{{DataUri}}"{{(members == "{}" ? "" : ",")}}{{members[1..]}}""";
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri(path, UriKind.Relative), Service.Json(json));
        Assert.Contains(says, await Service.ReadProblemAsync(response, 400, BlipErrorCode.InvalidRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_OfTextsAndImages_AreThoseOfTheLibrary()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync();
        float[] text = (await model.EmbedAsync(["two dogs"]))[0], image = await model.EmbedAsync(BlipImage.FromBytes(Service.Dogs));
        JsonElement reply = await Service.PostAsync("/v1/embeddings", Service.Json(
            JsonSerializer.Serialize(new { model = "demo-matching", input = (string[])["two dogs", DataUri] })));
        JsonElement[] data = [.. reply.GetProperty("data").EnumerateArray()];
        float[][] vectors = [.. data.Select(one => one.GetProperty("embedding").EnumerateArray().Select(n => n.GetSingle()).ToArray())];
        Assert.Equal(text, vectors[0]);
        Assert.Equal(image, vectors[1]);
        Assert.Equal([0, 1], data.Select(one => one.GetProperty("index").GetInt32()));
        Assert.Equal(4, reply.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        JsonElement bytes = await Service.PostAsync(
            "/v1/embeddings", Service.Json("""{"input":"two dogs","encoding_format":"base64"}"""));
        byte[] packed = bytes.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(text, packed.Chunk(4).Select(four => BitConverter.ToSingle(four)).ToArray());
        foreach ((string json, string parameter) in ((string, string)[])
            [("""{"input":[1,2]}""", "input"), ("{}", "input"), ("""{"input":"x","dimensions":7}""", "dimensions")])
        {
            JsonElement error = (await Service.PostAsync("/v1/embeddings", Service.Json(json), 400)).GetProperty("error");
            Assert.Equal(parameter, error.GetProperty("param").GetString());
        }
        await Service.PostAsync("/v1/embeddings", Service.Json("""{"model":"other","input":"x"}"""), 404);
    }

    [Theory]
    [InlineData("Describe this image.", true)]
    [InlineData("please write a short caption", true)]
    [InlineData("Can you give me a description of the picture?", true)]
    [InlineData("what is in the picture?", false)]
    [InlineData("does it describe a dog?", false)]
    public async Task Chat_AsksToDescribe_IsCaptioned(string message, bool isCaption)
    {
        string json = JsonSerializer.Serialize(new
        {
            messages = new object[]
            {
                new
                {
                    role = "user",
                    content = new object[]
                    {
                        new { type = "text", text = message }, new { type = "image_url", image_url = new { url = DataUri } },
                    },
                },
            },
        });
        JsonElement reply = await Service.PostAsync("/v1/chat/completions", Service.Json(json));
        string content = reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        Assert.Equal(isCaption, content.EndsWith("on a sunny day", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WithoutModels_SaysWhichIsNeeded()
    {
        await using Service other = await Service.StartAsync(configureModel: options => options.Model = TestPaths.DemoModel);
        JsonElement models = JsonDocument.Parse(await other.Http.GetStringAsync(new Uri("/v1/models", UriKind.Relative))).RootElement;
        JsonElement only = Assert.Single(models.GetProperty("data").EnumerateArray());
        Assert.Equal(
            ["ask", "choices", "beams", "explain", "frames", "score"],
            only.GetProperty("capabilities").EnumerateArray().Select(one => one.GetString()));
        using HttpResponseMessage caption = await other.Http.PostAsync(
            new Uri("/api/caption", UriKind.Relative), Service.Image(Service.Dogs));
        string said = await Service.ReadProblemAsync(caption, 404, ServiceErrorCode.ModelNotConfigured);
        Assert.Contains("Blip:CaptionModel", said, StringComparison.Ordinal);
        using HttpResponseMessage search = await other.Http.PostAsync(
            new Uri("/api/search", UriKind.Relative), Service.Json("""{"query":"dogs"}"""));
        said = await Service.ReadProblemAsync(search, 404, ServiceErrorCode.ModelNotConfigured);
        Assert.Contains("Blip:SearchFolders", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_FoundImage_IsServedAndCanBeAskedAbout()
    {
        using TempFolder folder = new();
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(folder.Path, "dogs.jpg"));
        File.Copy(TestPaths.Sample("street.jpg"), Path.Combine(folder.Path, "street.jpg"));
        await using Service service = await Service.StartAsync(
            services: services => services.AddBlipSearch(options => options.SearchFolders = [folder.Path]));
        JsonElement reply = await service.PostAsync("/api/search", Service.Json("""{"query":"two dogs","top":2}"""));
        JsonElement[] results = [.. reply.GetProperty("results").EnumerateArray()];
        Assert.Equal(["dogs.jpg", "street.jpg"], results.Select(result => result.GetProperty("name").GetString()));
        Assert.InRange(results[0].GetProperty("score").GetDouble(), -1, 1);
        string handle = results[0].GetProperty("handle").GetString()!;
        Assert.Equal("/api/images/" + handle, results[0].GetProperty("url").GetString());
        JsonElement slash = await service.PostAsync("/api/search/", Service.Json("""{"query":"two dogs","top":1}"""));
        Assert.Equal("/api/images/" + handle, slash.GetProperty("results")[0].GetProperty("url").GetString());
        using HttpResponseMessage image = await service.Http.GetAsync(new Uri("/api/images/" + handle, UriKind.Relative));
        Assert.Equal(Service.Dogs, await image.Content.ReadAsByteArrayAsync());
        Assert.Equal(new MediaTypeHeaderValue("image/jpeg"), image.Content.Headers.ContentType);
        Assert.Equal("nosniff", image.Headers.GetValues("X-Content-Type-Options").Single());
        JsonElement answer = await service.PostAsync("/api/ask", Service.Json(
            JsonSerializer.Serialize(new { image = handle, question = Service.HowMany })));
        Assert.Equal("2", answer.GetProperty("answer").GetString());

        // What has taken the place of an indexed file is another image.
        File.Copy(TestPaths.Sample("snow.jpg"), Path.Combine(folder.Path, "dogs.jpg"), overwrite: true);
        using HttpResponseMessage gone = await service.Http.GetAsync(new Uri("/api/images/" + handle, UriKind.Relative));
        await Service.ReadProblemAsync(gone, 404, "image_not_found");
        foreach (string wrong in (string[])
            ["x", "..%2f..%2fetc%2fpasswd", "sha256-" + new string('0', 64), "sha256-" + new string('z', 64)])
        {
            using HttpResponseMessage none = await service.Http.GetAsync(new Uri("/api/images/" + wrong, UriKind.Relative));
            Assert.Equal(404, (int)none.StatusCode);
        }
    }

    /// <summary>A search that waits for the model holds no place that a question needs.</summary>
    [Fact]
    public async Task Search_WhileTheModelIsLoaded_WaitsNoLongerThanItsPatience()
    {
        using TempFolder folder = new();
        await using Service service = await Service.StartAsync(
            options => options.LoadPatience = TimeSpan.Zero,
            services: services => services.AddBlipSearch(options => options.SearchFolders = [folder.Path]), warm: false);
        using HttpResponseMessage early = await service.Http.PostAsync(
            new Uri("/api/search", UriKind.Relative), Service.Json("""{"query":"dogs"}"""));
        await Service.ReadProblemAsync(early, 503, ServiceErrorCode.ModelLoading);
    }

    /// <summary>A short request that names a large image many times takes its memory once.</summary>
    [Fact]
    public async Task SameHandleManyTimes_IsReadOnce()
    {
        CountingSearch search = new();
        await using Service service = await Service.StartAsync(services: services => services.AddSingleton<IImageSearch>(search));
        string handle = "sha256-" + new string('1', 64);
        JsonElement reply = await service.PostAsync("/v1/embeddings", Service.Json(
            JsonSerializer.Serialize(new { input = Enumerable.Repeat(handle, 9).Prepend("two dogs") })));
        JsonElement[] data = [.. reply.GetProperty("data").EnumerateArray()];
        Assert.Equal(10, data.Length);
        Assert.NotEqual(data[0].GetProperty("embedding").GetRawText(), data[1].GetProperty("embedding").GetRawText());
        Assert.Single(data.Skip(1).Select(one => one.GetProperty("embedding").GetRawText()).Distinct());
        Assert.Equal(1, search.Reads);
        await service.PostAsync("/api/ask", Service.Json(
            JsonSerializer.Serialize(new { image = Enumerable.Repeat(handle, 9), question = Service.HowMany, frames = true })));
        Assert.Equal(2, search.Reads);
    }

    private sealed class CountingSearch : IImageSearch
    {
        private int _reads;

        public int Reads => _reads;

        public bool IsConfigured => true;

        public Task<IReadOnlyList<FoundImage>> SearchAsync(string query, int top, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<FoundImage>>([]);

        public bool TryRead(string handle, out ReadOnlyMemory<byte> image)
        {
            Interlocked.Increment(ref _reads);
            image = Service.Dogs;
            return true;
        }
    }
}
