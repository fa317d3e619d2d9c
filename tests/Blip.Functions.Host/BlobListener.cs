using System.Net.Sockets;
using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Azure.WebJobs.Host.Executors;
using Microsoft.Extensions.Azure;

namespace Blip.Functions.Host;

/// <summary>
/// The real listener of the WebJobs SDK, which the platform runs too. It scans the container, puts new images in a queue, tries each of
/// them up to five times, and keeps the failed ones in the poison queue.
/// </summary>
public static class BlobListener
{
    /// <summary>Builds the listener; the caller starts and stops it.</summary>
    /// <param name="host">The host of the function that the listener calls.</param>
    /// <param name="connection">
    /// The connection string of the storage. Addresses of the form <c>account.blob.localhost</c> have the account in the host, as in
    /// production, and lead to this machine. If the account is in the path, the listener scans in another way, and misses images that
    /// arrive in the second of its last scan.
    /// </param>
    /// <param name="images">The container of the images.</param>
    /// <param name="hostId">The id of receipts and queues. A listener with the id of an earlier one continues its work.</param>
    /// <param name="visibility">
    /// After what time an image comes back that a killed process has taken; 5 s where nothing is said, 10 minutes on the platform. A
    /// call that takes longer is made twice.
    /// </param>
    /// <param name="backlog">The queue of the backlog, where the app has that function.</param>
    public static IHost Create(
        FunctionsHost host, string connection, string images, string hostId, TimeSpan? visibility = null, string? backlog = null) =>
        new HostBuilder()
        .ConfigureWebJobs(jobs =>
        {
            jobs.AddAzureStorageCoreServices();
            jobs.AddAzureStorageBlobs(options => (options.MaxDegreeOfParallelism, options.PoisonBlobThreshold) = (2, 5));
            jobs.AddAzureStorageQueues(options => (options.BatchSize, options.NewBatchThreshold) = (1, 0));
        })
        .ConfigureAppConfiguration(settings => settings.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["AzureWebJobsStorage"] = connection,
                ["BlipImages"] = images,
                ["BlipBacklog"] = backlog,
            }))
        .ConfigureServices(services =>
        {
            services.AddSingleton(host);
            services.AddSingleton<ITypeLocator>(
                new Types(backlog is null ? [typeof(ImageFunction)] : [typeof(ImageFunction), typeof(BacklogFunction)]));
            services.AddSingleton<IHostIdProvider>(new OneId(hostId));
            services.AddSingleton<AzureComponentFactory>(new LoopbackComponentFactory(visibility ?? TimeSpan.FromSeconds(5)));
            services.Configure<SingletonOptions>(options => options.ListenerLockPeriod = TimeSpan.FromSeconds(15));
        })
        .Build();

    /// <summary>The function that the listener calls. It gives the image to the worker, and fails if the worker fails.</summary>
    public sealed class ImageFunction(FunctionsHost host)
    {
        [FunctionName("AnswerImage")]
        public async Task RunAsync(
            [BlobTrigger("%BlipImages%/{name}", Connection = "AzureWebJobsStorage")] ParameterBindingData image,
            string blobTrigger,
            CancellationToken cancellationToken)
        {
            (bool succeeded, string? error) = await host.InvokeBlobAsync(
                "AnswerImage", image.Source, image.ContentType, image.Content, blobTrigger, cancellationToken);
            if (!succeeded)
                throw new InvalidOperationException(error);
        }
    }

    /// <summary>The function that the listener calls for a message of the backlog.</summary>
    public sealed class BacklogFunction(FunctionsHost host)
    {
        [FunctionName("AnswerBacklog")]
        public async Task RunAsync(
            [QueueTrigger("%BlipBacklog%", Connection = "AzureWebJobsStorage")] string message,
            string id,
            CancellationToken cancellationToken)
        {
            (bool succeeded, string? error) = await host.InvokeQueueAsync("AnswerBacklog", message, id, cancellationToken);
            if (!succeeded)
                throw new InvalidOperationException(error);
        }
    }

    private sealed class Types(IReadOnlyList<Type> types) : ITypeLocator
    {
        public IReadOnlyList<Type> GetTypes() => types;
    }

    private sealed class OneId(string id) : IHostIdProvider
    {
        public Task<string> GetHostIdAsync(CancellationToken cancellationToken) => Task.FromResult(id);
    }

    /// <summary>
    /// Connects every address to this machine. A message that a killed process has taken comes back after seconds instead of ten minutes.
    /// </summary>
    private sealed class LoopbackComponentFactory(TimeSpan visibility) : AzureComponentFactory
    {
        private readonly AzureComponentFactory _real = CreateReal();

        public override object CreateClient(
            Type clientType, IConfiguration configuration, TokenCredential credential, object clientOptions) =>
            _real.CreateClient(clientType, configuration, credential, clientOptions);

        public override TokenCredential CreateTokenCredential(IConfiguration configuration) => _real.CreateTokenCredential(configuration);

        public override object CreateClientOptions(Type optionsType, object serviceVersion, IConfiguration configuration)
        {
            object options = _real.CreateClientOptions(optionsType, serviceVersion, configuration);
            if (options is ClientOptions client)
            {
                client.Transport = new HttpClientTransport(new SocketsHttpHandler { ConnectCallback = ConnectAsync });
                client.AddPolicy(new ShortVisibility(visibility), HttpPipelinePosition.PerCall);
            }
            return options;
        }

        private static AzureComponentFactory CreateReal()
        {
            ServiceCollection services = new();
            services.AddAzureClientsCore();
            return services.BuildServiceProvider().GetRequiredService<AzureComponentFactory>();
        }

        private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(System.Net.IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }

    private sealed class ShortVisibility(TimeSpan visibility) : HttpPipelineSynchronousPolicy
    {
        private readonly string _ours = FormattableString.Invariant($"visibilitytimeout={visibility.TotalSeconds:0}");

        public override void OnSendingRequest(HttpMessage message)
        {
            const string TenMinutes = "visibilitytimeout=600";
            string uri = message.Request.Uri.ToString();
            if (uri.Contains(TenMinutes, StringComparison.OrdinalIgnoreCase))
                message.Request.Uri.Reset(new Uri(uri.Replace(TenMinutes, _ours, StringComparison.OrdinalIgnoreCase)));
        }
    }
}
