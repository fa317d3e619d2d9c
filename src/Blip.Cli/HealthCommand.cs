using System.CommandLine;
using Blip.Hosting;

namespace Blip.Cli;

/// <summary><c>blip health</c>: checks whether a service is ready, for containers that have no other program for that.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly Option<string> Url = new("--url")
    {
        Description = "The address of the service.",
        HelpName = "URL",
        DefaultValueFactory = _ => BlipServer.DefaultUrl,
    };

    public static Command Create()
    {
        Command command = new("health", "Check whether a service is ready. The exit code is 0 if it is.") { Url };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (!Uri.TryCreate(parsed.GetRequiredValue(Url), UriKind.Absolute, out Uri? address)
                || address.Scheme is not ("http" or "https"))
                throw new BlipException(BlipErrorCode.InvalidRequest, "--url is not an http address. Write http://127.0.0.1:5080.");
            using HttpClient client = new() { Timeout = Limit };
            try
            {
                using HttpResponseMessage response = await client.GetAsync(new Uri(address, "/health/ready"), cancellationToken);
                string state = (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
                bool isState = state.Length is > 0 and < 400 && !state.Contains('\n', StringComparison.Ordinal);
                Console.Out.WriteLine(isState ? state : response.StatusCode.ToString());
                return response.IsSuccessStatusCode ? 0 : CommandLine.Failure;
            }
            catch (Exception exception)
                when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
            {
                CommandLine.WriteError($"nothing answers at {address}. Is blip serve running there?");
                return CommandLine.Failure;
            }
        });
        return command;
    }
}
