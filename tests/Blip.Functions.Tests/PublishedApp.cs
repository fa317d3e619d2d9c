using System.Diagnostics;
using Blip.Functions.Host;
using Blip.Tests;
using Xunit;

[assembly: AssemblyFixture(typeof(Blip.Functions.Tests.PublishedApp))]

namespace Blip.Functions.Tests;

/// <summary>Publishes the app once for all tests, with the command of the README.</summary>
public sealed class PublishedApp : IAsyncLifetime
{
    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("blip functions é ");

    public string Folder { get; private set; } = "";

    /// <summary>
    /// Publishes the app, unless BLIP_FUNCTIONS_APP names a folder with the published app. All tests that need it are long: without them
    /// nothing is published.
    /// </summary>
    public async ValueTask InitializeAsync()
    {
        if (TestScale.Asked is null)
            return;
        Folder = Environment.GetEnvironmentVariable("BLIP_FUNCTIONS_APP") is { Length: > 0 } published ? published : await PublishAsync();
    }

    private async Task<string> PublishAsync()
    {
        string folder = Path.Combine(_temporary.FullName, "app");
        ProcessStartInfo start = new("dotnet") { WorkingDirectory = TestPaths.Root, RedirectStandardOutput = true };
        foreach (string argument in (string[])
        [
            "publish", "src/Blip.Functions", "-c", "Release", "-o", folder,
            "--artifacts-path", Path.Combine(_temporary.FullName, "artifacts"),
            "-v", "q", "--nologo", "-nodeReuse:false", "-p:UseSharedCompilation=false",
        ])
            start.ArgumentList.Add(argument);
        using Process publish = Process.Start(start)!;
        string output = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        Assert.True(publish.ExitCode == 0, output);
        return folder;
    }

    public Task<FunctionsHost> StartAsync(params (string Name, string Value)[] settings) =>
        FunctionsHost.StartAsync(Folder, Settings(settings));

    /// <summary>The settings that the app needs, and more.</summary>
    internal static Dictionary<string, string> Settings(params (string Name, string Value)[] more)
    {
        Dictionary<string, string> all = new()
        {
            ["BlipImages"] = "images",
            ["BlipAnswers"] = "answers",
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
        };
        foreach ((string name, string value) in more)
            all[name] = value;
        return all;
    }

    public ValueTask DisposeAsync()
    {
        _temporary.Delete(recursive: true);
        return default;
    }
}
