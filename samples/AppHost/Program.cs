// Blip under Aspire, with one command: dotnet run --project samples/AppHost
// Where Azure Functions Core Tools (func) and Docker are there, the Functions app runs with Azurite as its storage, and answers images as
// blobs too. Elsewhere blip serve runs, which needs no storage. The dashboard shows health, traces, metrics and logs.
using System.ComponentModel;
using System.Diagnostics;

IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(args);
bool hasDocker = Runs("docker", "info"), hasFunctions = hasDocker && Runs("func", "--version");

if (hasFunctions)
    AddFunctions();
else
    AddService();

// Asks one question about an image and ends. Start it again in the dashboard.
builder.AddProject<Projects.AgentFrameworkAgent>("agent");

await builder.Build().RunAsync();

void AddService() => builder.AddProject<Projects.Blip_Cli>("blip")
    .WithArgs("serve")
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/health/ready");

void AddFunctions()
{
    IResourceBuilder<ContainerResource> azurite = builder
        .AddContainer("azurite", "mcr.microsoft.com/azure-storage/azurite", "3.35.0")
        .WithArgs("azurite", "--blobHost", "0.0.0.0", "--queueHost", "0.0.0.0", "--tableHost", "0.0.0.0", "--skipApiVersionCheck")
        .WithEndpoint(10000, 10000, "http", "blob", isProxied: false)
        .WithEndpoint(10001, 10001, "http", "queue", isProxied: false)
        .WithEndpoint(10002, 10002, "http", "table", isProxied: false);
    // As in docs/deployment.md: built first, then started in its output folder.
    string app = Path.Combine(builder.AppHostDirectory, "../../src/Blip.Functions");
    IResourceBuilder<ExecutableResource> build = builder.AddExecutable(
        "functions-build", "dotnet", app, "build");
    builder.AddExecutable("functions", "func", Path.Combine(app, "bin/Debug/net10.0"), "start", "--no-build")
        .WithHttpEndpoint(7071, 7071, isProxied: false)
        .WithHttpHealthCheck("/health/ready")
        .WithOtlpExporter()
        .WithEnvironment("AzureWebJobsStorage", "UseDevelopmentStorage=true")
        .WithEnvironment("BlipImages", "images")
        .WithEnvironment("BlipAnswers", "answers")
        .WaitFor(azurite)
        .WaitForCompletion(build);
}

static bool Runs(string program, params string[] arguments)
{
    try
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return process.WaitForExit(TimeSpan.FromSeconds(10)) && process.ExitCode == 0;
    }
    catch (Win32Exception)
    {
        // It is not installed.
        return false;
    }
}
