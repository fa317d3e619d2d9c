using System.CommandLine;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace Blip.Cli.Blobs;

/// <summary>The storage account that the user names: by its name, as who is signed in, or by a connection string.</summary>
internal sealed class StorageAccount
{
    private const string Setting = "AzureWebJobsStorage";

    private readonly string? _connection;
    private readonly string _name = "";
    private readonly TokenCredential? _user;

    /// <exception cref="BlipException">No account is named.</exception>
    public StorageAccount(ParseResult parsed)
    {
        if (parsed.GetValue(Account) is { Length: > 0 } name)
        {
            (_name, _user) = (name, new DefaultAzureCredential());
            return;
        }
        string? connection = parsed.GetValue(Connection) ?? Environment.GetEnvironmentVariable(Setting);
        _connection = connection is { Length: > 0 } ? connection : throw new BlipException(
            BlipErrorCode.InvalidRequest,
            $"No storage account is named. Give --account NAME after az login, or a connection string in {Setting}.");
    }

    public static Option<string?> Account { get; } = new("--account")
    {
        Description = "The name of the storage account. You are signed in as in the Azure CLI (az login).",
        HelpName = "NAME",
    };

    public static Option<string?> Connection { get; } = new("--connection")
    {
        Description = $"Its connection string. Default: {Setting} in the environment, where other users cannot read it.",
        HelpName = "TEXT",
    };

    public BlobServiceClient Blobs => _connection is not null
        ? new BlobServiceClient(_connection)
        : new BlobServiceClient(new Uri($"https://{_name}.blob.core.windows.net"), _user);

    /// <summary>A queue. The platform's triggers read messages in base64.</summary>
    public QueueClient Queue(string name, QueueMessageEncoding encoding = QueueMessageEncoding.Base64)
    {
        QueueClientOptions options = new() { MessageEncoding = encoding };
        return _connection is not null
            ? new QueueClient(_connection, name, options)
            : new QueueClient(new Uri($"https://{_name}.queue.core.windows.net/{name}"), _user, options);
    }

    /// <summary>Runs a command, and makes one line of what the storage says.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException or AuthenticationFailedException
            or FormatException or UriFormatException)
        {
            throw new IOException(Describe(exception), exception);
        }
    }

    /// <summary>One line without the headers that the storage's errors list, and without the key of a connection string.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        AggregateException { InnerException: { } first } => Describe(first),
        RequestFailedException { ErrorCode.Length: > 0 } failed => $"the storage refuses: {failed.ErrorCode} ({failed.Status}).",
        RequestFailedException failed => $"the storage cannot be reached: {FirstLine(failed.Message)}",
        AuthenticationFailedException => "nobody is signed in to Azure. Run az login, or give a connection string.",
        FormatException => $"The connection string cannot be read. It begins as DefaultEndpointsProtocol=https;AccountName=...",
        BlipException blip => CommandLine.Describe(blip),
        _ => FirstLine(exception.Message),
    };

    private static string FirstLine(string message) => message.Split('\n')[0].Trim();
}
