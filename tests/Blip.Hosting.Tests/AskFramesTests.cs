using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary><c>/api/ask</c> about frames: in each form of request, with what the library gives.</summary>
public sealed class AskFramesTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly byte[] Street = File.ReadAllBytes(TestPaths.Sample("street.jpg"));
    private static readonly string[] Images = [DataUri(Service.Dogs), DataUri(Street)];

    private Service Service => shared.Service;

    [Fact]
    public async Task Frames_EachForm_AreAskedAsInTheLibrary()
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        BlipImage frames = BlipImage.FromFrames([BlipImage.FromBytes(Service.Dogs), BlipImage.FromBytes(Street)]);
        Answer expected = await model.AskAsync(frames, Service.HowMany);
        using MultipartFormDataContent form = Service.Form(Service.Dogs, Service.HowMany);
        form.Add(Service.Image(Street), "image", "street.jpg");
        form.Add(new StringContent("true"), "frames");
        JsonElement[] answers =
        [
            await Service.PostAsync("/api/ask", form),
            await Service.PostAsync("/api/ask", Service.Json(
                JsonSerializer.Serialize(new { image = Images, question = Service.HowMany, frames = true }))),
        ];
        foreach (JsonElement answer in answers)
        {
            Assert.Equal(expected.Text, answer.GetProperty("answer").GetString());
            Assert.Equal(expected.Confidence, answer.GetProperty("confidence").GetDouble(), 1e-4);
        }
        Answer alone = await model.AskAsync(BlipImage.FromBytes(Service.Dogs), Service.HowMany);
        Assert.NotEqual(alone.Confidence, expected.Confidence, 1e-3);
    }

    [Fact]
    public async Task AnimatedImage_KeepsItsCountOfFrames_AndIsItsFirstFrameUnlessAsked()
    {
        byte[] file = File.ReadAllBytes(TestPaths.Golden("images", "files", "animated.webp"));
        JsonElement kept = await Service.PostAsync("/api/images", Service.Image(file, "image/webp"), 201);
        int count = BlipImage.FromBytes(file).CountFrames();
        Assert.Equal(count, kept.GetProperty("frames").GetInt32());
        string handle = kept.GetProperty("handle").GetString()!;
        JsonElement first = await Service.PostAsync("/api/ask?question=what%3F", Service.Image(file, "image/webp"));
        JsonElement all = await Service.PostAsync("/api/ask?question=what%3F&frames=true", Service.Image(file, "image/webp"));
        JsonElement named = await Service.PostAsync("/api/ask", Service.Json(
            JsonSerializer.Serialize(new { image = handle, question = "what?", frames = true })));
        Assert.NotEqual(first.GetProperty("confidence").GetDouble(), all.GetProperty("confidence").GetDouble(), 1e-5);
        Assert.Equal(all.GetProperty("confidence").GetDouble(), named.GetProperty("confidence").GetDouble(), 1e-6);
        Assert.False((await Service.PostAsync("/api/images", Service.Image(Service.Dogs), 201)).TryGetProperty("frames", out _));
    }

    [Fact]
    public async Task AnimatedImage_CutBehindItsFirstFrame_IsKeptAsThatFrame()
    {
        byte[] cut = File.ReadAllBytes(TestPaths.Golden("images", "files", "animated.gif"))[..^20];
        Assert.Equal(BlipErrorCode.ImageCorrupt, Assert.Throws<BlipException>(() => BlipImage.FromBytes(cut).CountFrames()).Code);
        JsonElement kept = await Service.PostAsync("/api/images", Service.Image(cut, "image/gif"), 201);
        Assert.False(kept.TryGetProperty("frames", out _));
        JsonElement sent = await Service.PostAsync("/api/ask?question=what%3F", Service.Image(cut, "image/gif"));
        JsonElement named = await Service.PostAsync("/api/ask", Service.Json(
            JsonSerializer.Serialize(new { image = kept.GetProperty("handle").GetString(), question = "what?" })));
        Assert.Equal(sent.GetProperty("answer").GetString(), named.GetProperty("answer").GetString());
    }

    [Theory]
    [InlineData(2, "", "'image' is a list, where one image is meant")]
    [InlineData(2, ",\"frames\":\"yes\"", "'frames' must be true or false")]
    [InlineData(17, ",\"frames\":true", "at most 16")]
    [InlineData(0, ",\"frames\":true", "No image is given")]
    public async Task WrongFrames_AreRefused(int images, string members, string says)
    {
        string list = string.Join(',', Enumerable.Repeat($"\"{Images[0]}\"", images));
        string json = $$"""{"image":[{{list}}],"question":"what?"{{members}}}""";
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Json(json));
        Assert.Contains(says, await Service.ReadProblemAsync(response, 400, BlipErrorCode.InvalidRequest), StringComparison.Ordinal);
    }

    /// <summary>Names are short: what they stand for is bounded as a body is.</summary>
    [Fact]
    public async Task NamedFrames_TogetherLargerThanABody_AreRefused()
    {
        await using Service service = await Service.StartAsync(
            options => options.MaxRequestBytes = Service.Dogs.Length + Street.Length - 1);
        string dogs = await KeepAsync(Service.Dogs), street = await KeepAsync(Street);
        await AskAsync(200, dogs, dogs, dogs);
        JsonElement refused = await AskAsync(413, dogs, street);
        Assert.Equal(HttpErrorCode.RequestTooLarge, refused.GetProperty("code").GetString());

        async Task<string> KeepAsync(byte[] image) =>
            (await service.PostAsync("/api/images", Service.Image(image), 201)).GetProperty("handle").GetString()!;

        Task<JsonElement> AskAsync(int status, params string[] image) => service.PostAsync(
            "/api/ask", Service.Json(JsonSerializer.Serialize(new { image, question = Service.HowMany, frames = true })), status);
    }

    private static string DataUri(byte[] image) => "data:image/jpeg;base64," + Convert.ToBase64String(image);
}
