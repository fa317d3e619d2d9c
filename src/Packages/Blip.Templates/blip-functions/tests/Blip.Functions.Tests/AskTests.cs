using System.Text.Json;
using Blip.Functions;
using Blip.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

/// <summary>The functions with Blip's demo model, without a host.</summary>
public class AskTests
{
    [Theory]
    [InlineData("how many dogs are in the picture?", "2")]
    [InlineData("is there a cat?", "no")]
    public async Task Ask_QuestionAboutTheImage_IsAnswered(string question, string answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Services.AddBlipHosting().AddSingleton<SharedEndpoints>().AddSingleton<HttpFunctions>();
        await using WebApplication app = builder.Build();

        await using FileStream image = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));
        DefaultHttpContext context = new() { RequestServices = app.Services };
        context.Request.Method = "POST";
        context.Request.Scheme = "http";
        context.Request.Host = new HostString("localhost");
        context.Request.Path = "/api/ask";
        context.Request.QueryString = QueryString.Create("question", question);
        context.Request.ContentType = "image/jpeg";
        context.Request.ContentLength = image.Length;
        context.Request.Body = image;
        using MemoryStream body = new();
        context.Response.Body = body;
        await app.Services.GetRequiredService<HttpFunctions>().Ask(context.Request).ExecuteAsync(context);

        using JsonDocument result = JsonDocument.Parse(body.ToArray());
        Assert.Equal((200, answer), (context.Response.StatusCode, result.RootElement.GetProperty("answer").GetString()));
    }
}
