using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace Blip.Functions;

/// <summary>
/// The account of the app, as the platform's own triggers find it: <c>AzureWebJobsStorage</c> is a connection string, or
/// <c>AzureWebJobsStorage__blobServiceUri</c> and <c>__queueServiceUri</c> are addresses that the app's identity opens. Thread-safe.
/// </summary>
internal sealed class AppStorage(IConfiguration configuration)
{
    private readonly IConfigurationSection _settings = configuration.GetSection("AzureWebJobsStorage");

    private readonly Lazy<TokenCredential> _identity = new(() => new DefaultAzureCredential());

    public BlobServiceClient Blobs => _settings.Value is { Length: > 0 } connection
        ? new BlobServiceClient(connection)
        : new BlobServiceClient(new Uri(Address("blobServiceUri")), _identity.Value);

    /// <summary>A queue. The platform's triggers read messages in base64.</summary>
    public QueueClient Queue(string name, QueueMessageEncoding encoding = QueueMessageEncoding.Base64)
    {
        QueueClientOptions options = new() { MessageEncoding = encoding };
        return _settings.Value is { Length: > 0 } connection
            ? new QueueClient(connection, name, options)
            : new QueueClient(new Uri(Address("queueServiceUri").TrimEnd('/') + "/" + name), _identity.Value, options);
    }

    private string Address(string name) => _settings[name] is { Length: > 0 } address
        ? address
        : throw new InvalidOperationException($"Neither AzureWebJobsStorage nor AzureWebJobsStorage__{name} is set. Set one of them.");
}
