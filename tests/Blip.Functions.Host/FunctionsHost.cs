using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Blip.Functions.Host.Rpc;
using Google.Protobuf;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yarp.ReverseProxy.Forwarder;

namespace Blip.Functions.Host;

/// <summary>A function as the worker declares it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Id">The id that the host uses to call it.</param>
/// <param name="Trigger">The binding that starts the function, as JSON: <c>type</c>, <c>name</c> and the members of the type.</param>
public sealed record DeclaredFunction(string Name, string Id, JsonElement Trigger);

/// <summary>
/// Replaces the host of the platform on this machine. The process of the worker and the protocol are the real ones. This class routes
/// requests by the declared routes. It has one key, no scaling and no logs of the platform.
/// </summary>
public sealed class FunctionsHost : IAsyncDisposable
{
    private static readonly TimeSpan ReplyLimit = TimeSpan.FromSeconds(30), InvocationLimit = TimeSpan.FromMinutes(10);

    private readonly WorkerChannel _channel;
    private readonly WebApplication _grpc;
    private readonly HttpMessageInvoker _client = new(
        new ProxyRetries(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false }));
    private WebApplication? _front;
    private string _worker = "";

    private FunctionsHost(WorkerChannel channel, WebApplication grpc, Process process) =>
        (_channel, _grpc, Process) = (channel, grpc, process);

    /// <summary>The process of the worker.</summary>
    public Process Process { get; }

    /// <summary>The address of the HTTP functions.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>Where the worker itself listens, which nobody but the platform's proxy reaches.</summary>
    public Uri Worker => new(_worker);

    /// <summary>What callers of most HTTP functions must send; <see langword="null"/> where nothing is checked.</summary>
    public string? Key { get; set; }

    /// <summary>The failed calls of HTTP functions: each is an error in the platform's telemetry, and counts for the alert.</summary>
    public ConcurrentQueue<string> FailedCalls { get; } = [];

    /// <summary>The functions that the worker declared. All of them are loaded.</summary>
    public IReadOnlyList<DeclaredFunction> Functions { get; private set; } = [];

    /// <summary>The container and the name of the blob of each call of a blob function.</summary>
    public ConcurrentQueue<string> BlobRuns { get; } = [];

    /// <summary>What the worker logged.</summary>
    public IEnumerable<string> Logs => _channel.Logs;

    /// <summary>Starts the worker and loads its functions.</summary>
    /// <param name="application">The folder that <c>dotnet publish</c> wrote.</param>
    /// <param name="settings">The app settings.</param>
    /// <param name="url">The address of the HTTP functions.</param>
    public static async Task<FunctionsHost> StartAsync(
        string application, IReadOnlyDictionary<string, string> settings, string url = "http://127.0.0.1:0")
    {
        WorkerChannel channel = new();
        WebApplication grpc = await ListenAsync(
            "http://127.0.0.1:0",
            HttpProtocols.Http2,
            services => services.AddSingleton(channel).AddGrpc(o => (o.MaxReceiveMessageSize, o.MaxSendMessageSize) = (null, null)),
            app => app.MapGrpcService<WorkerChannel>());
        Process process = StartWorker(Path.GetFullPath(application), AddressOf(grpc), settings);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        FunctionsHost host = new(channel, grpc, process);
        try
        {
            await Task.WhenAny(channel.Started.WaitAsync(ReplyLimit), process.WaitForExitAsync());
            if (process.HasExited)
                throw new InvalidOperationException("The worker ended: " + await errors);
            await host.LoadAsync(Path.GetFullPath(application));
            await host.ForwardAsync(url);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls the function that a blob starts. The result says whether it succeeded.</summary>
    /// <param name="functionName">The name of the function.</param>
    /// <param name="source">The source of the binding, as the listener gives it.</param>
    /// <param name="contentType">The type of <paramref name="content"/>.</param>
    /// <param name="content">The names of the blob and its container, as JSON.</param>
    /// <param name="path">The container and the name of the blob.</param>
    /// <param name="cancellationToken">Cancels the invocation.</param>
    public async Task<(bool Succeeded, string? Error)> InvokeBlobAsync(
        string functionName, string source, string contentType, BinaryData content, string path, CancellationToken cancellationToken)
    {
        BlobRuns.Enqueue(path);
        ModelBindingData data = new()
        {
            Version = "1.0",
            Source = source,
            ContentType = contentType,
            Content = ByteString.CopyFrom(content),
        };
        return await InvokeAsync(
            functionName,
            new TypedData { ModelBindingData = data },
            [("name", path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..]), ("BlobTrigger", path)],
            cancellationToken);
    }

    /// <summary>Calls the function that a message of a queue starts. The result says whether it succeeded.</summary>
    /// <param name="functionName">The name of the function.</param>
    /// <param name="message">The text of the message.</param>
    /// <param name="id">The id of the message.</param>
    /// <param name="cancellationToken">Cancels the invocation.</param>
    public Task<(bool Succeeded, string? Error)> InvokeQueueAsync(
        string functionName, string message, string id, CancellationToken cancellationToken) =>
        InvokeAsync(functionName, new TypedData { String = message }, [("Id", id)], cancellationToken);

    private async Task<(bool Succeeded, string? Error)> InvokeAsync(
        string functionName, TypedData data, (string Name, string Value)[] metadata, CancellationToken cancellationToken)
    {
        DeclaredFunction function = Functions.Single(f => f.Name == functionName);
        InvocationRequest request = new() { InvocationId = Guid.NewGuid().ToString(), FunctionId = function.Id };
        request.InputData.Add(new ParameterBinding { Name = function.Trigger.GetProperty("name").GetString(), Data = data });
        foreach ((string name, string value) in metadata)
            request.TriggerMetadata[name] = new TypedData { String = value };
        StatusResult result = await InvokeAsync(request, cancellationToken);
        return (result.Status == StatusResult.Types.Status.Success, result.Exception?.Message);
    }

    /// <summary>Asks the worker to end, and returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        _channel.Send(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });
        await Process.WaitForExitAsync().WaitAsync(ReplyLimit);
        return Process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        // The worker does not end with its host, so it is killed.
        if (!Process.HasExited)
            Process.Kill(entireProcessTree: true);
        await Process.WaitForExitAsync();
        Process.Dispose();
        if (_front is not null)
        {
            await _front.StopAsync(new CancellationToken(canceled: true));
            await _front.DisposeAsync();
        }
        await _grpc.StopAsync(new CancellationToken(canceled: true));
        await _grpc.DisposeAsync();
        _client.Dispose();
    }

    private static Process StartWorker(string application, string grpc, IReadOnlyDictionary<string, string> settings)
    {
        ProcessStartInfo start = new("dotnet") { WorkingDirectory = application, RedirectStandardError = true };
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(application, "worker.config.json")));
        string worker = config.RootElement.GetProperty("description").GetProperty("defaultWorkerPath").GetString()!;
        foreach (string argument in (string[])
        [
            Path.Combine(application, worker), "--functions-uri", grpc, "--functions-worker-id", Guid.NewGuid().ToString(),
            "--functions-request-id", Guid.NewGuid().ToString(), "--functions-grpc-max-message-length", "2147483647",
        ])
            start.ArgumentList.Add(argument);
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = application;
        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("The worker did not start.");
    }

    private async Task LoadAsync(string application)
    {
        WorkerInitRequest init = new() { HostVersion = "4.1036.2", WorkerDirectory = application, FunctionAppDirectory = application };
        init.Capabilities["MultiStream"] = "10";
        StreamingMessage reply = await _channel.AskAsync("init", new StreamingMessage { WorkerInitRequest = init }, ReplyLimit);
        Check(reply.WorkerInitResponse.Result, "the worker's start");
        _worker = reply.WorkerInitResponse.Capabilities["HttpUri"];
        FunctionsMetadataRequest list = new() { FunctionAppDirectory = application };
        reply = await _channel.AskAsync("metadata", new StreamingMessage { FunctionsMetadataRequest = list }, ReplyLimit);
        FunctionMetadataResponse metadata = reply.FunctionMetadataResponse;
        Check(metadata.Result, "the worker's functions");
        List<DeclaredFunction> functions = [];
        foreach (RpcFunctionMetadata function in metadata.FunctionMetadataResults)
        {
            FunctionLoadRequest load = new() { FunctionId = function.FunctionId, Metadata = function };
            reply = await _channel.AskAsync(function.FunctionId, new StreamingMessage { FunctionLoadRequest = load }, ReplyLimit);
            Check(reply.FunctionLoadResponse.Result, function.Name);
            JsonElement trigger = function.RawBindings.Select(binding => JsonDocument.Parse(binding).RootElement)
                .Single(binding => binding.GetProperty("type").GetString()!.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));
            functions.Add(new DeclaredFunction(function.Name, function.FunctionId, trigger));
        }
        Functions = functions;
        await WaitForListenerAsync(new Uri(_worker));
    }

    /// <summary>
    /// Waits until the worker listens, because it declares its address earlier. If a request comes too early, its invocation waits for 15
    /// seconds and then fails.
    /// </summary>
    private static async Task WaitForListenerAsync(Uri worker)
    {
        using CancellationTokenSource limit = new(ReplyLimit);
        while (true)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(worker.Host, worker.Port, limit.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }

    private async Task ForwardAsync(string url)
    {
        _front = await ListenAsync(url, HttpProtocols.Http1, services => services.AddHttpForwarder(), app =>
        {
            IHttpForwarder forwarder = app.Services.GetRequiredService<IHttpForwarder>();
            foreach (DeclaredFunction function in Functions.Where(f => f.Trigger.GetProperty("type").GetString() == "httpTrigger"))
            {
                string route = "/" + function.Trigger.GetProperty("route").GetString();
                // A function that declares no methods takes them all.
                app.Map(route, context => InvokeHttpAsync(context, forwarder, function));
            }
        });
        Address = new Uri(AddressOf(_front));
    }

    private async Task InvokeHttpAsync(HttpContext context, IHttpForwarder forwarder, DeclaredFunction function)
    {
        if (Key is not null && function.Trigger.GetProperty("authLevel").GetString() != "Anonymous"
            && context.Request.Headers["x-functions-key"] != Key && context.Request.Query["code"] != Key)
        {
            // The platform says no more than this.
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }
        InvocationRequest request = new() { InvocationId = Guid.NewGuid().ToString(), FunctionId = function.Id };
        request.InputData.Add(new ParameterBinding
        {
            Name = function.Trigger.GetProperty("name").GetString(),
            Data = new TypedData { Http = new RpcHttp() },
        });
        context.Request.Headers["x-ms-invocation-id"] = request.InvocationId;
        ForwarderRequestConfig config = new() { ActivityTimeout = InvocationLimit };
        ValueTask<ForwarderError> forwarding = forwarder.SendAsync(context, _worker, _client, config);
        // If the caller disconnects, both end: the forwarded request is aborted, and the call is cancelled.
        Task<StatusResult> invoking = InvokeAsync(request, context.RequestAborted);
        // The platform says no more than that, with an empty body, where nothing has been answered yet.
        if (await forwarding is not ForwarderError.None && !context.Response.HasStarted)
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        if ((await invoking) is { Status: not StatusResult.Types.Status.Success } failed)
            FailedCalls.Enqueue($"{function.Name}: {failed.Exception?.Message}");
    }

    private async Task<StatusResult> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        // The worker fails if one of these is missing.
        (request.TraceContext, request.RetryContext) = (new RpcTraceContext(), new RetryContext());
        await using CancellationTokenRegistration cancel = cancellationToken.Register(
            () => _channel.Send(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = request.InvocationId } }));
        StreamingMessage reply = await _channel.AskAsync(
            request.InvocationId, new StreamingMessage { InvocationRequest = request }, InvocationLimit, CancellationToken.None);
        return reply.InvocationResponse.Result;
    }

    private static async Task<WebApplication> ListenAsync(
        string url, HttpProtocols protocols, Action<IServiceCollection> services, Action<WebApplication> map)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = 100 << 20;
            kestrel.Listen(IPEndPoint.Parse(new Uri(url).Authority), listen => listen.Protocols = protocols);
        });
        services(builder.Services);
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    private static void Check(StatusResult result, string what)
    {
        if (result.Status != StatusResult.Types.Status.Success)
            throw new InvalidOperationException($"{what}: {result.Exception?.Message}");
    }
}
