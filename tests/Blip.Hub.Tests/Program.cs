using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Blip.Hub.Tests;

/// <summary>The test runner, or with <c>download ENDPOINT CACHE ID</c> a process that downloads and prints the snapshot folder.</summary>
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
        return args.Contains("--server")   // how `dotnet test` starts it
            ? await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await ConsoleRunner.Run(args);
    }
}
