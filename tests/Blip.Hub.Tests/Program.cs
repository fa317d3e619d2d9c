using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Blip.Hub.Tests;

/// <summary>
/// The test runner. With the arguments <c>download ENDPOINT CACHE ID</c> it downloads a model instead, and prints the snapshot folder.
/// </summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is ["download", var endpoint, var cache, var id])
        {
            using HubClient client = new(new HubOptions { Endpoint = new Uri(endpoint), CacheFolder = cache, Token = "", Offline = false });
            Console.WriteLine(await client.DownloadAsync(id));
            return 0;
        }
        return args.Contains("--server")   // `dotnet test` starts the process with this argument
            ? await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await ConsoleRunner.Run(args);
    }
}
