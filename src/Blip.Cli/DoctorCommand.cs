using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Blip.Cli.Terminals;
using Blip.Graphs;
using Blip.Hub;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Cli;

/// <summary><c>blip doctor</c>: shows which devices work on this machine, and what is missing for the others.</summary>
internal static class DoctorCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Write one JSON object." };

    public static Command Create()
    {
        Verb command = new(
            "doctor", "Show which devices blip can use on this machine, and what is missing.",
            "blip doctor",
            "blip doctor --json") { Json };
        command.SetAction(parsed => Run(parsed.GetValue(Json)));
        return command;
    }

    private static int Run(bool json)
    {
        Assembly blip = typeof(BlipModel).Assembly;
        string version = blip.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        OrtRuntime.EnsureEnvironment();
        string onnxRuntime = OrtEnv.Instance().GetVersionString();
        string[] providers = OrtEnv.Instance().GetAvailableProviders();
        string? obstacle = CudaProbe.FindObstacle(deviceId: 0);
        (string Name, bool Found)[] libraries = [.. CudaProbe.WantedLibraries.Select(library => (library, CudaProbe.IsPresent(library)))];
        string device = obstacle is null ? "cuda" : "cpu";
        HubCache cache = new();
        int models = cache.List().Count(model => model.Usable);
        if (json)
        {
            using JsonLines output = new();
            output.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("blip", version);
                writer.WriteString("runtime", RuntimeInformation.FrameworkDescription);
                writer.WriteString("system", RuntimeInformation.RuntimeIdentifier);
                writer.WriteNumber("cores", Environment.ProcessorCount);
                writer.WriteBoolean("fast_int8", ByteProducts.AreExact);
                writer.WriteNumber("memory_bytes", memory);
                writer.WriteStartObject("onnxruntime");
                writer.WriteString("version", onnxRuntime);
                writer.WriteStartArray("providers");
                foreach (string provider in providers)
                    writer.WriteStringValue(provider);
                writer.WriteEndArray();
                writer.WriteEndObject();
                writer.WriteStartObject("cuda");
                writer.WriteBoolean("usable", obstacle is null);
                if (obstacle is not null)
                    writer.WriteString("obstacle", obstacle);
                writer.WriteStartObject("libraries");
                foreach ((string name, bool found) in libraries)
                    writer.WriteBoolean(name, found);
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteString("device_auto", device);
                writer.WriteStartObject("models");
                writer.WriteString("folder", cache.Folder);
                writer.WriteNumber("usable", models);
                writer.WriteEndObject();
                writer.WriteEndObject();
            });
            return 0;
        }

        Facts.Write("blip", version);
        Facts.Write("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        string int8 = ByteProducts.AreExact ? "fast int8 (VNNI or dot product)" : "no fast int8";
        Facts.Write("processor", string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {int8}"));
        Facts.Write("memory", string.Create(CultureInfo.InvariantCulture, $"{memory >> 20:N0} MiB"));
        Facts.Write("onnxruntime", $"{onnxRuntime}: {string.Join(", ", providers)}");
        Facts.Write("cuda", obstacle is null ? "usable" : $"not usable: {obstacle}");
        foreach ((string name, bool found) in libraries)
            Facts.Write("", $"{name} {(found ? "found" : "missing")}");
        Facts.Write("device auto", device);
        Facts.Write("models", string.Create(CultureInfo.InvariantCulture, $"{models} usable in {cache.Folder}"));
        Facts.Write("model files", "replace them by rename, never in place, while a process uses the model");
        return 0;
    }
}
