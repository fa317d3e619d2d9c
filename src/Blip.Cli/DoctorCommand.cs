using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Blip.Graphs;
using Blip.Hub;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Cli;

/// <summary><c>blip doctor</c>: shows which devices work on this machine, and what is missing for the others.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Command command = new("doctor", "Show which devices blip can use on this machine, and what is missing.");
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        Assembly blip = typeof(BlipModel).Assembly;
        Line("blip", blip.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");
        Line("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        string int8 = ByteProducts.AreExact ? "fast int8 (VNNI or dot product)" : "no fast int8";
        Line("processor", string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {int8}"));
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;
        Line("memory", string.Create(CultureInfo.InvariantCulture, $"{memory:N0} MiB"));
        OrtRuntime.EnsureEnvironment();
        Line("onnxruntime", $"{OrtEnv.Instance().GetVersionString()}: {string.Join(", ", OrtEnv.Instance().GetAvailableProviders())}");
        string? obstacle = CudaProbe.FindObstacle();
        Line("cuda", obstacle is null ? "usable" : $"not usable: {obstacle}");
        foreach (string library in CudaProbe.WantedLibraries)
            Line("", $"{library} {(CudaProbe.IsPresent(library) ? "found" : "missing")}");
        Line("device auto", obstacle is null ? "cuda" : "cpu");
        HubCache cache = new();
        Line("models", string.Create(CultureInfo.InvariantCulture, $"{cache.List().Count(m => m.Usable)} usable in {cache.Folder}"));
        Line("model files", "replace them by rename, never in place, while a process uses the model");
        return 0;
    }

    private static void Line(string name, string value) => Console.Out.WriteLine($"{name,-14}{value}");
}
