using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Runtime;

/// <summary>
/// The process's ONNX Runtime environment. All sessions share one thread pool: with a pool of its own each, idle sessions would
/// spin against the one at work.
/// </summary>
internal static class OrtRuntime
{
    private static readonly Lock Gate = new();
    private static bool _sharedPool;

    /// <summary>
    /// Options for a session on the CPU. Where the application made its own environment first, each session gets a pool of its own, whose
    /// threads sleep between passes: seven pools that spin would take the processors from one another.
    /// </summary>
    public static SessionOptions CreateOptions(int threads)
    {
        EnsureEnvironment(threads);
        SessionOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        if (_sharedPool)
        {
            options.DisablePerSessionThreads();
        }
        else
        {
            options.IntraOpNumThreads = Count(threads);
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        }
        return options;
    }

    /// <summary>Makes the environment if nobody has. This is the first call into the native library.</summary>
    /// <param name="threads">
    /// Threads of the shared pool, as <see cref="BlipOptions.PoolThreads"/>; 0 as for <see cref="BlipOptions.Threads"/>. Only the first
    /// caller decides.
    /// </param>
    /// <exception cref="BlipException">The native library is missing (<see cref="BlipErrorCode.PackageMissing"/>).</exception>
    public static void EnsureEnvironment(int threads = 0)
    {
        try
        {
            Create(threads);
        }
        catch (Exception missing) when (missing is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException)
        {
            throw new BlipException(BlipErrorCode.PackageMissing,
                $"ONNX Runtime's native library is missing, or it does not fit this system ({RuntimeInformation.RuntimeIdentifier}). "
                + "Add the package Blip.Runtime.Cpu to the application, or Blip.Runtime.Gpu for an NVIDIA GPU. "
                + "They support linux-x64, linux-arm64, win-x64, win-arm64 and osx-arm64.", missing);
        }
    }

    /// <summary>How many threads <see cref="BlipOptions.Threads"/> means.</summary>
    public static int Count(int threads) =>
        // ONNX Runtime's own default is every core of the machine, whatever the process may use of it.
        threads == 0 ? Environment.ProcessorCount : threads;

    private static void Create(int threads)
    {
        lock (Gate)
        {
            if (OrtEnv.IsCreated)
                return;
            using OrtThreadingOptions threading = new()
            {
                GlobalIntraOpNumThreads = Count(threads),
                GlobalInterOpNumThreads = 1,
                GlobalSpinControl = true,
            };
            EnvironmentCreationOptions options = new()
            {
                logId = "blip",
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
                threadOptions = threading,
            };
            OrtEnv.CreateInstanceWithOptions(ref options);
            _sharedPool = true;
        }
    }
}
