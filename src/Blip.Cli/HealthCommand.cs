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
        Url.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var word }]
                && (!Uri.TryCreate(word, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https")))
                result.AddError($"--url is {word}, but must be an address such as {BlipServer.DefaultUrl}.");
        });
        Verb command = new(
            "health", "Check whether a service is ready. The exit code is 0 if it is.",
            "blip health --url http://127.0.0.1:8080") { Url };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Uri address = new(parsed.GetRequiredValue(Url));
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
