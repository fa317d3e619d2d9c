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
/// <param name="Name">Its name.</param>
/// <param name="Id">How the host calls it.</param>
/// <param name="Trigger">The binding that starts it, as JSON: <c>type</c>, <c>name</c> and what the type has.</param>
public sealed record DeclaredFunction(string Name, string Id, JsonElement Trigger);

/// <summary>
/// Stands in for the platform's host on this machine: the worker's process is the real one, its protocol too; routing by declared routes is this class's. No keys, no scaling, no logs of the platform.
/// </summary>
public sealed class FunctionsHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), LongestInvocation = TimeSpan.FromMinutes(5);

    private readonly WorkerChannel _channel;
    private readonly WebApplication _grpc;
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });
    private WebApplication? _front;
    private string _worker = "";

    private FunctionsHost(WorkerChannel channel, WebApplication grpc, Process process) => (_channel, _grpc, Process) = (channel, grpc, process);

    /// <summary>The worker.</summary>
    public Process Process { get; }

    /// <summary>Where HTTP functions are reached.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>What the worker declared, all of it loaded.</summary>
    public IReadOnlyList<DeclaredFunction> Functions { get; private set; } = [];

    /// <summary>What the worker logged at warning or above.</summary>
    public IEnumerable<string> Complaints => _channel.Complaints;

    /// <summary>The container and name of every blob that a function was run for, each time.</summary>
    public ConcurrentQueue<string> BlobRuns { get; } = [];

    /// <summary>Starts the worker and loads its functions.</summary>
    /// <param name="application">The folder of <c>dotnet publish</c>.</param>
    /// <param name="settings">The app settings.</param>
    /// <param name="url">Where to listen for HTTP.</param>
    public static async Task<FunctionsHost> StartAsync(string application, IReadOnlyDictionary<string, string> settings, string url = "http://127.0.0.1:0")
    {
        WorkerChannel channel = new();
        WebApplication grpc = await ListenAsync("http://127.0.0.1:0", HttpProtocols.Http2, services => services.AddSingleton(channel).AddGrpc(o => (o.MaxReceiveMessageSize, o.MaxSendMessageSize) = (null, null)), app => app.MapGrpcService<WorkerChannel>());
        Process process = StartWorker(Path.GetFullPath(application), AddressOf(grpc), settings);
        FunctionsHost host = new(channel, grpc, process);
        try
        {
            await channel.Started.WaitAsync(Patience);
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

    /// <summary>Runs the function that a blob starts; false where it failed.</summary>
    /// <param name="functionName">Which.</param>
    /// <param name="source">What the listener's binding says of the blob.</param>
    /// <param name="contentType">The type of <paramref name="content"/>.</param>
    /// <param name="content">The blob's names, as JSON.</param>
    /// <param name="path">Container and name.</param>
    /// <param name="cancellationToken">Cancels the invocation.</param>
    public async Task<(bool Succeeded, string? Error)> InvokeBlobAsync(string functionName, string source, string contentType, BinaryData content, string path, CancellationToken cancellationToken)
    {
        BlobRuns.Enqueue(path);
        DeclaredFunction function = Functions.Single(f => f.Name == functionName);
        InvocationRequest request = new() { InvocationId = Guid.NewGuid().ToString(), FunctionId = function.Id };
        request.InputData.Add(new ParameterBinding
        {
            Name = function.Trigger.GetProperty("name").GetString(),
            Data = new TypedData { ModelBindingData = new ModelBindingData { Version = "1.0", Source = source, ContentType = contentType, Content = ByteString.CopyFrom(content) } },
        });
        request.TriggerMetadata["name"] = new TypedData { String = path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..] };
        request.TriggerMetadata["BlobTrigger"] = new TypedData { String = path };
        StatusResult result = await InvokeAsync(request, cancellationToken);
        return (result.Status == StatusResult.Types.Status.Success, result.Exception?.Message);
    }

    /// <summary>Asks the worker to end; gives its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        _channel.Tell(new StreamingMessage { WorkerTerminate = new WorkerTerminate() });
        await Process.WaitForExitAsync().WaitAsync(Patience);
        return Process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        // The worker outlives its host unless it is ended.
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
        ProcessStartInfo start = new("dotnet") { WorkingDirectory = application };
        foreach (string argument in (string[])
        [
            Path.Combine(application, "Blip.Functions.dll"), "--functions-uri", grpc, "--functions-worker-id", Guid.NewGuid().ToString(),
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
        WorkerInitResponse worker = (await _channel.AskAsync("init", new StreamingMessage { WorkerInitRequest = init }, Patience)).WorkerInitResponse;
        Check(worker.Result, "the worker's start");
        _worker = worker.Capabilities["HttpUri"];
        FunctionMetadataResponse metadata = (await _channel.AskAsync(
            "metadata", new StreamingMessage { FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = application } }, Patience)).FunctionMetadataResponse;
        Check(metadata.Result, "the worker's functions");
        List<DeclaredFunction> functions = [];
        foreach (RpcFunctionMetadata function in metadata.FunctionMetadataResults)
        {
            FunctionLoadRequest load = new() { FunctionId = function.FunctionId, Metadata = function };
            Check((await _channel.AskAsync(function.FunctionId, new StreamingMessage { FunctionLoadRequest = load }, Patience)).FunctionLoadResponse.Result, function.Name);
            JsonElement trigger = function.RawBindings.Select(binding => JsonDocument.Parse(binding).RootElement)
                .Single(binding => binding.GetProperty("type").GetString()!.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase));
            functions.Add(new DeclaredFunction(function.Name, function.FunctionId, trigger));
        }
        Functions = functions;
        await ListensAsync(new Uri(_worker));
    }

    /// <summary>The worker declares its address before it listens there; an invocation whose request finds nobody would wait a quarter of a minute in vain.</summary>
    private static async Task ListensAsync(Uri worker)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(worker.Host, worker.Port, patience.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, patience.Token);
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
                string[] methods = [.. function.Trigger.GetProperty("methods").EnumerateArray().Select(method => method.GetString()!.ToUpperInvariant())];
                app.MapMethods("/" + function.Trigger.GetProperty("route").GetString(), methods, context => InvokeHttpAsync(context, forwarder, function));
            }
        });
        Address = new Uri(AddressOf(_front));
    }

    private async Task InvokeHttpAsync(HttpContext context, IHttpForwarder forwarder, DeclaredFunction function)
    {
        InvocationRequest request = new() { InvocationId = Guid.NewGuid().ToString(), FunctionId = function.Id };
        request.InputData.Add(new ParameterBinding { Name = function.Trigger.GetProperty("name").GetString(), Data = new TypedData { Http = new RpcHttp() } });
        context.Request.Headers["x-ms-invocation-id"] = request.InvocationId;
        ValueTask<ForwarderError> forwarding = forwarder.SendAsync(context, _worker, _client, new ForwarderRequestConfig { ActivityTimeout = LongestInvocation });
        // A caller that goes away ends both: the forwarded request is aborted, and the worker sees that.
        Task<StatusResult> invoking = InvokeAsync(request, CancellationToken.None);
        await forwarding;
        await invoking;
    }

    private async Task<StatusResult> InvokeAsync(InvocationRequest request, CancellationToken cancellationToken)
    {
        // The worker takes both for given.
        (request.TraceContext, request.RetryContext) = (new RpcTraceContext(), new RetryContext());
        await using CancellationTokenRegistration cancel = cancellationToken.Register(
            () => _channel.Tell(new StreamingMessage { InvocationCancel = new InvocationCancel { InvocationId = request.InvocationId } }));
        return (await _channel.AskAsync(request.InvocationId, new StreamingMessage { InvocationRequest = request }, LongestInvocation, CancellationToken.None)).InvocationResponse.Result;
    }

    private static async Task<WebApplication> ListenAsync(string url, HttpProtocols protocols, Action<IServiceCollection> services, Action<WebApplication> map)
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

    private static string AddressOf(WebApplication app) => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    private static void Check(StatusResult result, string what)
    {
        if (result.Status != StatusResult.Types.Status.Success)
            throw new InvalidOperationException($"{what}: {result.Exception?.Message}");
    }
}
