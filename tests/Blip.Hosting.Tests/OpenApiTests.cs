using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The description is valid, complete, and its examples work.</summary>
public sealed class OpenApiTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string[] NotDescribed = ["/", "/alive", "/health"];

    [Fact]
    public async Task Document_ReadByTheOpenApiReader_HasNoErrorOrWarning()
    {
        using MemoryStream stream = new(await shared.Service.Http.GetByteArrayAsync(new Uri("/openapi/v1.json", UriKind.Relative)));
        ReadResult result = await OpenApiDocument.LoadAsync(stream, "json");
        Assert.Empty(result.Diagnostic!.Errors);
        Assert.Empty(result.Diagnostic.Warnings);
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, result.Diagnostic.SpecificationVersion);
    }

    [Fact]
    public async Task Description_Read_IsWhatIsServed_AndAnewEachTime()
    {
        JsonObject read = BlipDescription.Read();
        using JsonDocument served = await DocumentAsync();
        Assert.True(JsonNode.DeepEquals(JsonObject.Create(served.RootElement), read));
        read.Remove("security");
        Assert.NotNull(BlipDescription.Read()["security"]);
    }

    [Fact]
    public async Task Document_AndEndpoints_NameTheSameAddresses()
    {
        using JsonDocument document = await DocumentAsync();
        IEnumerable<string> described = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(
            path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        IEnumerable<string> mapped = shared.Service.Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            // What only refuses comes last.
            .Where(endpoint => endpoint.Order < int.MaxValue)
            .Select(endpoint => (Path: PathOf(endpoint), Methods: MethodsOf(endpoint)))
            .Where(endpoint => !NotDescribed.Contains(endpoint.Path) && !endpoint.Path.StartsWith("/page/", StringComparison.Ordinal))
            // HEAD is where GET is.
            .SelectMany(endpoint => endpoint.Methods.Where(method => method != "HEAD").Select(method => $"{method} {endpoint.Path}"));
        Assert.Equal(described.Order(StringComparer.Ordinal), mapped.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Examples_OfRequests_Work()
    {
        using JsonDocument document = await DocumentAsync();
        int worked = 0;
        foreach (JsonProperty path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            if (!path.Value.TryGetProperty("post", out JsonElement post))
                continue;
            if (!post.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out JsonElement json))
                continue;
            foreach (JsonElement example in Examples(json))
            {
                using HttpResponseMessage response = await shared.Service.Http.PostAsync(
                    new Uri(path.Name, UriKind.Relative), Service.Json(example.GetRawText()));
                string body = await response.Content.ReadAsStringAsync();
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created, body);
                string status = FormattableString.Invariant($"{(int)response.StatusCode}");
                Assert.True(post.GetProperty("responses").TryGetProperty(status, out _), status);
                worked++;
            }
        }
        Assert.True(worked >= 4);
    }

    [Fact]
    public async Task Codes_OfTheService_HaveAnExampleUnderTheirStatus()
    {
        using JsonDocument document = await DocumentAsync();
        Dictionary<string, int> documented = [];
        foreach (JsonProperty response in document.RootElement.GetProperty("components").GetProperty("responses").EnumerateObject())
        {
            // OpenAI's and Ollama's forms have other members.
            if (!response.Value.GetProperty("content").TryGetProperty("application/problem+json", out JsonElement problem))
                continue;
            foreach (JsonProperty example in problem.GetProperty("examples").EnumerateObject())
            {
                JsonElement value = example.Value.GetProperty("value");
                Assert.Equal(response.Name, value.GetProperty("status").GetRawText());
                Assert.Equal(example.Name, value.GetProperty("code").GetString());
                documented.TryAdd(example.Name, value.GetProperty("status").GetInt32());
            }
        }
        string[] notOverHttp =
        [
            BlipErrorCode.ModelNotFound, BlipErrorCode.ModelInvalid, BlipErrorCode.DeviceUnavailable, BlipErrorCode.PackageMissing,
            BlipErrorCode.RemoveFailed, BlipErrorCode.Cancelled,
            // An outcome of a question, with status 200.
            BlipErrorCode.LowConfidence,
        ];
        foreach (string code in ErrorCodeTests.All.Except(notOverHttp))
        {
            Assert.True(documented.TryGetValue(code, out int status), code);
            bool isMadeElsewhere = code is BlipErrorCode.Busy or HttpErrorCode.RateLimited or ServiceErrorCode.ModelLoading
                or ImageSourceErrorCode.ImageFetchFailed;
            if (!isMadeElsewhere)
                Assert.Equal(status, Failure.From(new BlipException(code, "")).Status);
        }
    }

    private async Task<JsonDocument> DocumentAsync() =>
        JsonDocument.Parse(await shared.Service.Http.GetByteArrayAsync(new Uri("/openapi/v1.json", UriKind.Relative)));

    private static IEnumerable<JsonElement> Examples(JsonElement content)
    {
        if (content.TryGetProperty("examples", out JsonElement examples))
            return examples.EnumerateObject().Select(example => example.Value.GetProperty("value"));
        return content.TryGetProperty("example", out JsonElement example) ? [example] : [];
    }

    private static string PathOf(RouteEndpoint endpoint) =>
        "/" + endpoint.RoutePattern.RawText!.Trim('/').Replace("{**id}", "{id}", StringComparison.Ordinal);

    private static IReadOnlyList<string> MethodsOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"];
}
