using System.Runtime.InteropServices;
using System.Text;

namespace Blip.Cli;

/// <summary>
/// Large pages for a command that answers and ends. ONNX Runtime copies int8 weights into its own layout, 300 MB for the full-size model;
/// in pages of 4 kB, page faults take 40 % of the start's processor time. glibc takes large pages only where its tunables say so when the
/// process starts, so the process starts again in its own place, which takes 0.1 s.
/// </summary>
internal static unsafe partial class LargePages
{
    private const string Variable = "GLIBC_TUNABLES";

    /// <summary>
    /// Weights come from heaps of 64 MB, each made of large pages, instead of from a mapping each, which is too small for one.
    /// </summary>
    private const string Tunables =
        Variable + "=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.top_pad=67108864";

    private static readonly string[] Verbs = ["ask", "caption", "match", "score"], NamesOfModel = ["-m", "--model"];

    /// <summary>
    /// Starts the process again with large pages, where they make it faster and are not set yet. Returns where not. To be called before
    /// anything is read or written.
    /// </summary>
    public static void Use(string[] args)
    {
        if (!OperatingSystem.IsLinux() || !AreWorthIt(args) || Environment.GetEnvironmentVariable(Variable) is not null)
            return;
        try
        {
            // The bytes themselves: a file's name need not be UTF-8.
            byte[] words = File.ReadAllBytes("/proc/self/cmdline");
            byte[] variables = [.. File.ReadAllBytes("/proc/self/environ"), .. Encoding.UTF8.GetBytes(Tunables), 0];
            fixed (byte* word = words, variable = variables)
            fixed (byte** arguments = Parts(word, words), environment = Parts(variable, variables))
                _ = Execute(Environment.ProcessPath!, arguments, environment);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It answers without, only later.
        }
    }

    /// <summary>Whether the line loads a model in int8 that is larger than the demo models, and then ends.</summary>
    private static bool AreWorthIt(string[] args) =>
        args.Length > 0 && Verbs.Contains(args[0])
        && args.Any(arg => NamesOfModel.Contains(arg.Split('=', ':')[0]))
        && args.Any(arg => arg.EndsWith("int8", StringComparison.Ordinal) || arg.EndsWith("auto", StringComparison.Ordinal));

    /// <summary>Where the parts begin that each end with 0, and a null pointer.</summary>
    private static byte*[] Parts(byte* text, byte[] bytes)
    {
        byte*[] parts = new byte*[bytes.AsSpan().Count((byte)0) + 1];
        for (int part = 0, begin = 0; part < parts.Length - 1; part++)
        {
            parts[part] = text + begin;
            begin += bytes.AsSpan(begin).IndexOf((byte)0) + 1;
        }
        return parts;
    }

    [LibraryImport("libc", EntryPoint = "execve", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Execute(string path, byte** arguments, byte** environment);
}
