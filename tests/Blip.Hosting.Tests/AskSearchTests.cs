using System.Text.Json;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary><c>/api/ask</c> with choices and beams: in each form of request, with what the library gives.</summary>
public sealed class AskSearchTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string DataUri = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);
    private static readonly string[] Choices = ["1", "2", "three dogs"];

    private Service Service => shared.Service;

    [Fact]
    public async Task Choices_EachForm_AreRankedAsInTheLibrary()
    {
        await using BlipModel model = await BlipModel.LoadAsync();
        Answer expected = await model.AskAsync(BlipImage.FromBytes(Service.Dogs), Service.HowMany, Choices);
        using MultipartFormDataContent form = Service.Form(Service.Dogs, Service.HowMany);
        foreach (string choice in Choices)
            form.Add(new StringContent(choice), "choices");
        string query = string.Concat(Choices.Select(choice => "&choices=" + Uri.EscapeDataString(choice)));
        string json = JsonSerializer.Serialize(new { image = DataUri, question = Service.HowMany, choices = Choices });
        JsonElement[] answers =
        [
            await Service.PostAsync("/api/ask", form),
            await Service.PostAsync($"/api/ask?question={Uri.EscapeDataString(Service.HowMany)}{query}", Service.Image(Service.Dogs)),
            await Service.PostAsync("/api/ask", Service.Json(json)),
        ];
        foreach (JsonElement answer in answers)
        {
            Assert.Equal("2", answer.GetProperty("answer").GetString());
            JsonElement[] ranked = [.. answer.GetProperty("choices").EnumerateArray()];
            Assert.Equal(expected.Choices.Select(choice => choice.Text), ranked.Select(choice => choice.GetProperty("text").GetString()));
            Assert.All(expected.Choices.Zip(ranked), pair =>
            {
                Assert.Equal(pair.First.Score, pair.Second.GetProperty("score").GetDouble(), 1e-3);
                Assert.Equal(pair.First.Probability, pair.Second.GetProperty("probability").GetDouble(), 1e-4);
            });
            Assert.False(answer.TryGetProperty("sequences", out _) || answer.TryGetProperty("alternatives", out _));
        }
    }

    [Fact]
    public async Task Beams_OfSeveralQuestions_GiveSequencesAndAlternatives()
    {
        string[] questions = [Service.HowMany, "is there a cat?"];
        JsonElement reply = await Service.PostAsync("/api/ask", Service.Json(JsonSerializer.Serialize(
            new { image = DataUri, questions, beams = 3, best = 2, length_penalty = 0.5, early_stopping = "never" })));
        foreach (JsonElement answer in reply.GetProperty("answers").EnumerateArray())
        {
            JsonElement[] sequences = [.. answer.GetProperty("sequences").EnumerateArray()];
            Assert.Equal(2, sequences.Length);
            Assert.Equal(answer.GetProperty("answer").GetString(), sequences[0].GetProperty("answer").GetString());
            Assert.True(sequences[0].GetProperty("score").GetDouble() > sequences[1].GetProperty("score").GetDouble());
            Assert.Equal(
                sequences[1].GetProperty("answer").GetString(), answer.GetProperty("alternatives")[0].GetProperty("answer").GetString());
        }
    }

    /// <summary>Not being sure is an outcome of the question: the status is 200, and others are answered.</summary>
    [Fact]
    public async Task MinConfidence_WithholdsAnAnswer_InEachForm()
    {
        using MultipartFormDataContent form = Service.Form(Service.Dogs, Service.HowMany);
        form.Add(new StringContent("0.99999"), "min_confidence");
        string query = $"/api/ask?question={Uri.EscapeDataString(Service.HowMany)}&min_confidence=0.99999";
        string json = JsonSerializer.Serialize(new { image = DataUri, question = Service.HowMany, min_confidence = 0.99999 });
        foreach (JsonElement reply in (JsonElement[])[await Service.PostAsync("/api/ask", form),
            await Service.PostAsync(query, Service.Image(Service.Dogs)), await Service.PostAsync("/api/ask", Service.Json(json))])
        {
            Assert.Equal("low_confidence", reply.GetProperty("error").GetProperty("code").GetString());
            Assert.InRange(reply.GetProperty("confidence").GetDouble(), 0.5, 0.99999);
            Assert.True(reply.GetProperty("calibrated").GetBoolean());
            Assert.False(reply.TryGetProperty("answer", out _) || reply.TryGetProperty("alternatives", out _));
        }
        JsonElement some = await Service.PostAsync("/api/ask", Service.Json(JsonSerializer.Serialize(
            new { image = DataUri, questions = (string[])[Service.HowMany, "what color is the tree?"], min_confidence = 0.99 })));
        Assert.Equal((true, false), (some.GetProperty("answers")[0].TryGetProperty("error", out _),
            some.GetProperty("answers")[1].TryGetProperty("error", out _)));
    }

    [Fact]
    public async Task Explain_GivesTheGrid()
    {
        JsonElement reply = await Service.PostAsync("/api/ask", Service.Json(JsonSerializer.Serialize(
            new { image = DataUri, question = Service.HowMany, explain = true })));
        JsonElement evidence = reply.GetProperty("evidence");
        Assert.Equal(
            evidence.GetProperty("rows").GetInt32() * evidence.GetProperty("columns").GetInt32(),
            evidence.GetProperty("values").GetArrayLength());
        Assert.Equal(1, evidence.GetProperty("values").EnumerateArray().Max(value => value.GetDouble()));
    }

    [Theory]
    [InlineData("""{"min_confidence":"0.5"}""", "'min_confidence' must be a number")]
    [InlineData("""{"min_confidence":2}""", "min_confidence is 2; it must be 0 to 1")]
    [InlineData("""{"explain":1}""", "'explain' must be true or false")]
    [InlineData("""{"choices":"red"}""", "'choices' must be a list of strings")]
    [InlineData("""{"choices":[1]}""", "'choices' must be a list of strings")]
    [InlineData("""{"choices":[]}""", "'choices' must be a list of one choice or more")]
    [InlineData("""{"choices":["red",""]}""", "Choice 2 is empty")]
    [InlineData("""{"choices":["red"],"beams":3}""", "Leave out beams")]
    [InlineData("""{"beams":"3"}""", "'beams' must be a whole number")]
    [InlineData("""{"beams":2.5}""", "'beams' must be a whole number")]
    [InlineData("""{"beams":1000}""", "beams is 1000")]
    [InlineData("""{"choices_k":3}""", "choices_k and choices_per_token say")]
    [InlineData("""{"best":3}""", "best is 3; it must be 1 to beams")]
    [InlineData("""{"early_stopping":"soon"}""", "'early_stopping' must be true, false or \"never\"")]
    [InlineData("""{"length_penalty":1e400}""", "length_penalty is")]
    public async Task WrongMember_IsNamed(string members, string says)
    {
        string json = $$"""{"image":"{{DataUri}}","question":"what color is it?",{{members[1..]}}""";
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Json(json));
        Assert.Contains(says, await Service.ReadProblemAsync(response, 400, BlipErrorCode.InvalidRequest), StringComparison.Ordinal);
    }

    /// <summary>Clients that are made from a description write null for what is left out.</summary>
    [Fact]
    public async Task NullMember_IsLeftOut()
    {
        JsonElement reply = await Service.PostAsync("/api/ask", Service.Json($$"""
            {"image":"{{DataUri}}","question":"how many dogs are in the picture?","questions":null,"choices":null,"choices_k":null,
            "choices_per_token":null,"beams":null,"best":null,"length_penalty":null,"early_stopping":null,"min_confidence":null,
            "explain":null,"frames":null}
            """));
        Assert.Equal("2", reply.GetProperty("answer").GetString());
        reply = await Service.PostAsync("/api/score", Service.Json($$"""{"image":"{{DataUri}}","phrases":null,"prompt":"two dogs"}"""));
        Assert.Equal("two dogs", reply.GetProperty("phrases")[0].GetString());
        using HttpResponseMessage none = await Service.Http.PostAsync(
            new Uri("/api/ask", UriKind.Relative), Service.Json($$"""{"image":"{{DataUri}}","question":null}"""));
        Assert.Contains("No question", await Service.ReadProblemAsync(none, 400, BlipErrorCode.InvalidRequest), StringComparison.Ordinal);
    }

    /// <summary>Where it looked is about the question, so it stays where the answer is withheld.</summary>
    [Fact]
    public async Task Explain_WhereTheAnswerIsWithheld_GivesTheGrid()
    {
        JsonElement reply = await Service.PostAsync("/api/ask", Service.Json(JsonSerializer.Serialize(
            new { image = DataUri, question = Service.HowMany, explain = true, min_confidence = 0.99999 })));
        Assert.Equal("low_confidence", reply.GetProperty("error").GetProperty("code").GetString());
        Assert.True(reply.TryGetProperty("evidence", out _));
        Assert.False(reply.TryGetProperty("answer", out _) || reply.TryGetProperty("alternatives", out _));
    }

    [Fact]
    public async Task MorePartsThanAFormMayHave_AreRefusedWithWhatToSend()
    {
        using MultipartFormDataContent form = Service.Form(Service.Dogs, Service.HowMany);
        for (int i = 0; i < 64; i++)
            form.Add(new StringContent($"{i}"), "choices");
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), form);
        Assert.Contains(
            "more than 64 parts. Send JSON", await Service.ReadProblemAsync(response, 400, BlipErrorCode.InvalidRequest),
            StringComparison.Ordinal);
    }

    /// <summary>Which of two values is meant, nobody knows.</summary>
    [Theory]
    [InlineData("beams")]
    [InlineData("min_confidence")]
    [InlineData("frames")]
    public async Task FieldThatMayComeOnce_Twice_IsRefused(string name)
    {
        using MultipartFormDataContent form = Service.Form(Service.Dogs, Service.HowMany);
        form.Add(new StringContent(name == "frames" ? "true" : "1"), name);
        form.Add(new StringContent(name == "frames" ? "true" : "1"), name);
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), form);
        Assert.Equal(
            $"'{name}' is given twice. Give it once.", await Service.ReadProblemAsync(response, 400, BlipErrorCode.InvalidRequest));
    }

    [Fact]
    public async Task MoreChoicesThanARequestMayRank_AreRefused()
    {
        string json = JsonSerializer.Serialize(
            new { image = DataUri, question = "what is it?", choices = Enumerable.Range(0, 4097).Select(i => $"{i}") });
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Json(json));
        Assert.Contains("4,096", await Service.ReadProblemAsync(response, 400, BlipErrorCode.InvalidRequest), StringComparison.Ordinal);
    }
}
