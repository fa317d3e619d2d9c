using System.Net;
using System.Text;
using System.Text.Json;
using Blip.Images;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary><c>/api/ask</c> and <c>/api/images</c>: every form of request, and every kind of wrong request.</summary>
public sealed class AskTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string DataUri = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);

    private Service Service => shared.Service;

    [Fact]
    public async Task Ask_EachForm_GivesTheModelsAnswer()
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        Answer expected = await model.AskAsync(BlipImage.FromBytes(Service.Dogs), Service.HowMany);
        string handle = (await Service.PostAsync("/api/images", Service.Form(Service.Dogs), 201)).GetProperty("handle").GetString()!;
        string[] list = [Service.HowMany];
        string byDataUri = JsonSerializer.Serialize(new { image = DataUri, question = Service.HowMany });
        string byHandle = JsonSerializer.Serialize(new { image = handle, question = Service.HowMany });
        string byHandleInAList = JsonSerializer.Serialize(new { image = handle, questions = list });
        JsonElement[] answers =
        [
            await Service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany)),
            await Service.PostAsync($"/api/ask?question={Uri.EscapeDataString(Service.HowMany)}", Service.Image(Service.Dogs)),
            await Service.PostAsync($"/api/ask?question={Uri.EscapeDataString(Service.HowMany)}", new ByteArrayContent(Service.Dogs)),
            await Service.PostAsync("/api/ask", Service.Json(byDataUri)),
            await Service.PostAsync("/api/ask", Service.Json("\uFEFF" + byHandle)),
            (await Service.PostAsync("/api/ask", Service.Json(byHandleInAList))).GetProperty("answers")[0],
        ];
        foreach (JsonElement answer in answers)
        {
            Assert.Equal(expected.Text, answer.GetProperty("answer").GetString());
            Assert.Equal(expected.TokenIds, answer.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32()));
            Assert.Equal(expected.Confidence, answer.GetProperty("confidence").GetDouble(), 1e-4);
            Assert.Equal(Service.HowMany, answer.GetProperty("question").GetString());
            Assert.True(answer.GetProperty("timing_ms").GetProperty("total").GetDouble() > 0);
        }
        Assert.False(answers[3].TryGetProperty("image", out _));
        Assert.Equal(handle, answers[4].GetProperty("image").GetString());
    }

    [Fact]
    public async Task Ask_ManyOfWhichOneFails_AnswersTheOthersInOrder()
    {
        string tooLong = string.Join(' ', Enumerable.Repeat("dog", 600));
        string[] questions = [Service.HowMany, " ", "is there a cat?", tooLong];
        JsonElement response = await Service.PostAsync("/api/ask", Service.Form(Service.Dogs, questions));
        JsonElement[] answers = [.. response.GetProperty("answers").EnumerateArray()];
        IEnumerable<string?> answersOrCodes = answers.Select(a => a.TryGetProperty("answer", out JsonElement answer)
            ? answer.GetString()
            : a.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(["2", "question_empty", "no", "question_too_long"], answersOrCodes);
        Assert.Equal(questions, answers.Select(a => a.GetProperty("question").GetString()));
    }

    [Fact]
    public async Task Ask_ImageOfAPhone_IsTurnedAsTheCameraRecorded()
    {
        byte[] image = await File.ReadAllBytesAsync(TestPaths.Golden("images", "files", "exif-6.jpg"));
        JsonElement answered = await Service.PostAsync("/api/ask", Service.Form(image, "what color is it?"));
        double confidence = answered.GetProperty("confidence").GetDouble();
        await using BlipModel turning = await BlipModel.LoadAsync();
        await using BlipModel plain = await BlipModel.LoadAsync(
            new BlipOptions { Image = new ImageOptions { Orientation = ImageOrientation.Ignore } });
        Assert.Equal((await turning.AskAsync(BlipImage.FromBytes(image), "what color is it?")).Confidence, confidence, 1e-6);
        Assert.NotEqual((await plain.AskAsync(BlipImage.FromBytes(image), "what color is it?")).Confidence, confidence, 1e-3);
    }

    [Fact]
    public async Task Images_SentTwice_IsThereAlready()
    {
        byte[] image = File.ReadAllBytes(TestPaths.Sample("beach.jpg"));
        JsonElement first = await Service.PostAsync("/api/images", Service.Image(image), 201);
        JsonElement again = await Service.PostAsync("/api/images", Service.Form(image), 200);
        Assert.Equal(first.GetProperty("handle").GetString(), again.GetProperty("handle").GetString());
        Assert.Matches("^sha256-[0-9a-f]{64}$", first.GetProperty("handle").GetString());
        Assert.True(first.GetProperty("width").GetInt32() > 0 && first.GetProperty("height").GetInt32() > 0);
        Assert.True(first.GetProperty("expires_at").GetDateTimeOffset() > DateTimeOffset.UtcNow);
    }

    public static TheoryData<string, string, int, string> WrongJson => new()
    {
        { "/api/ask", "{", 400, "invalid_request" },
        { "/api/ask", "[]", 400, "invalid_request" },
        { "/api/ask", """{"image":"x","image":"y","question":"q"}""", 400, "invalid_request" },
        { "/api/ask", """{"question":"what?"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","questions":[]}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","question":"a","questions":["b"]}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","questions":"a"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","question":7}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","question":"\ud800"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","questoin":"a"}""", 400, "invalid_request" },
        { "/api/ask", """{"\ud800":1}""", 400, "invalid_request" },
        { "/api/ask", """{"image":["DATA"],"question":"a"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"data:image/png;base64,%%%","question":"a"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"","question":"a"}""", 400, "invalid_request" },
        { "/api/ask", """{"image":"DATA","question":""}""", 422, "question_empty" },
        { "/api/ask", """{"image":"DATA","question":"LONG"}""", 422, "question_too_long" },
        { "/api/ask", """{"image":"DATA","questions":[SEVENTEEN]}""", 422, "too_many_questions" },
        { "/api/ask", """{"image":"https://example.com/x.jpg","question":"a"}""", 403, "host_not_allowed" },
        { "/api/ask", """{"image":"http://169.254.169.254/x","question":"a"}""", 403, "address_not_allowed" },
        { "/api/ask", """{"image":"ftp://example.com/x.jpg","question":"a"}""", 403, "address_not_allowed" },
        { "/api/ask", """{"image":"/etc/passwd","question":"a"}""", 403, "file_not_allowed" },
        { "/api/ask", """{"image":"UNKNOWN","question":"a"}""", 404, "image_not_found" },
        { "/api/ask", """{"image":"sha256-00","question":"a"}""", 404, "image_not_found" },
        { "/api/ask", """{"image":"UNKNOWN0","question":"a"}""", 404, "image_not_found" },
        { "/api/ask", """{"image":"sha256-0xYZ...","question":"a"}""", 404, "image_not_found" },
        { "/api/ask", """{"image":"sha256-00.jpg","question":"a"}""", 403, "file_not_allowed" },
        { "/api/ask", """{"image":"./sha256-00","question":"a"}""", 403, "file_not_allowed" },
        { "/api/ask", """{"image":"data:text/plain,hello","question":"a"}""", 415, "unsupported_image" },
        { "/api/ask", """{"image":"CUT","question":"a"}""", 422, "image_corrupt" },
        { "/api/ask", """{"image":"CUT","questions":["a","b"]}""", 422, "image_corrupt" },
        { "/api/images", """{"image":"data:text/plain,hello"}""", 415, "unsupported_image" },
        { "/api/images", """{"image":"DATA","question":"a"}""", 400, "invalid_request" },
    };

    [Theory]
    [MemberData(nameof(WrongJson))]
    public async Task Json_Wrong_IsAProblemWithItsCode(string path, string json, int status, string code)
    {
        string cut = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs.AsSpan(0, 9000));
        json = json.Replace("SEVENTEEN", string.Join(',', Enumerable.Repeat("\"a\"", 17)), StringComparison.Ordinal)
            .Replace("UNKNOWN", "sha256-" + new string('0', 64), StringComparison.Ordinal)
            .Replace("LONG", string.Join(' ', Enumerable.Repeat("dog", 600)), StringComparison.Ordinal)
            .Replace("CUT", cut, StringComparison.Ordinal)
            .Replace("DATA", DataUri, StringComparison.Ordinal);
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri(path, UriKind.Relative), Service.Json(json));
        await Service.ReadProblemAsync(response, status, code);
    }

    private const string Form = "multipart/form-data; boundary=b";
    private const string Part = "--b\r\nContent-Disposition: form-data; name=", End = "\r\n--b--\r\n";

    public static TheoryData<string, string, int, string> WrongBodies => new()
    {
        { "", "image/jpeg", 400, "invalid_request" },
        { "x", "application/x-www-form-urlencoded", 415, "unsupported_media_type" },
        { "x", "text/plain", 415, "unsupported_media_type" },
        { "{}", "application/json; charset=utf-16", 415, "unsupported_media_type" },
        { "x", "multipart/form-data", 400, "invalid_request" },
        { "--b\r\n", Form, 400, "invalid_request" },
        { Part + "image; filename=x\r\n\r\nabc", Form, 400, "invalid_request" },
        { Part + "question\r\n\r\nabc" + End, Form, 400, "invalid_request" },
        { Part + "photo; filename=x\r\n\r\nabc" + End, Form, 400, "invalid_request" },
        { Part + "image; filename=x\r\n\r\n" + End, Form, 400, "invalid_request" },
        { "nothing of the kind", "image/png", 415, "unsupported_image" },
    };

    [Theory]
    [MemberData(nameof(WrongBodies))]
    public async Task Body_Wrong_IsAProblemWithItsCode(string body, string type, int status, string code)
    {
        ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask?question=what%3F", UriKind.Relative), content);
        Assert.NotEmpty(await Service.ReadProblemAsync(response, status, code));
    }

    [Theory]
    [InlineData("question=caf%e9", "'question'")]
    [InlineData("question=what%3F&question=%ff%fe", "'question'")]
    [InlineData("Question=%ed%a0%80x", "'Question'")]
    [InlineData("question=what%3F&choices=yes&choices=%c3", "'choices'")]
    public async Task Query_ThatIsNotUtf8_IsRefused_AsAFormIs(string query, string named)
    {
        using HttpResponseMessage response = await Service.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/api/ask?" + query) { Content = Service.Image(Service.Dogs) });
        Assert.Contains(named, await Service.ReadProblemAsync(response, 400, "invalid_request"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("caf%C3%A9+%F0%9F%90%95", "caf\u00e9 \ud83d\udc15")]
    [InlineData("100%", "100%")]
    public async Task Query_InUtf8_IsAskedAsItIs(string escaped, string question)
    {
        JsonElement answer = await Service.PostAsync($"/api/ask?other=%ff&question={escaped}", Service.Image(Service.Dogs));
        Assert.Equal(question, answer.GetProperty("question").GetString());
    }

    [Theory]
    [InlineData("GET", "/api/ask", 405)]
    [InlineData("DELETE", "/api/images", 405)]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("POST", "/api/completions", 404)]
    public async Task Address_Wrong_IsAProblem(string method, string path, int status)
    {
        using HttpResponseMessage response = await Service.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Contains("/openapi/v1.json", await Service.ReadProblemAsync(response, status, "invalid_request"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_EachBrokenImage_HasTheLibrarysOwnCode()
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        foreach (string file in Directory.GetFiles(TestPaths.Golden("images", "bad")))
        {
            byte[] bytes = await File.ReadAllBytesAsync(file);
            if (bytes.Length == 0)
                continue;
            BlipException expected = await Assert.ThrowsAsync<BlipException>(() => model.AskAsync(BlipImage.FromBytes(bytes), "what?"));
            using HttpResponseMessage response = await Service.Http.PostAsync(
                new Uri("/api/ask", UriKind.Relative), Service.Form(bytes, "what?"));
            Assert.InRange((int)response.StatusCode, 400, 499);
            Assert.Equal(expected.Message, await Service.ReadProblemAsync(response, (int)response.StatusCode, expected.Code));
        }
    }

    [Fact]
    public async Task Health_WarmService_IsLiveAndReady()
    {
        foreach (string path in (string[])["/health/live", "/health/ready", "/health", "/alive"])
        {
            using HttpResponseMessage response = await Service.Http.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }
}
