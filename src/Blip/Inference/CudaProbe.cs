using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Inference;

/// <summary>
/// Finds out whether CUDA can be used before ONNX Runtime is asked for it: its own error does not name the library that is missing.
/// </summary>
internal static class CudaProbe
{
    private const string Provider = "CUDAExecutionProvider";

    /// <summary>What ONNX Runtime's CUDA provider is linked against (read off its dynamic section), the driver first, and cuDNN, which it loads when it runs.</summary>
    public static IReadOnlyList<string> WantedLibraries { get; } = OperatingSystem.IsWindows()
        ? ["nvcuda.dll", "cudart64_13.dll", "cublasLt64_13.dll", "cublas64_13.dll", "curand64_10.dll", "cudnn64_9.dll"]
        : ["libcuda.so.1", "libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcudnn.so.9"];

    /// <summary>Whether this application carries ONNX Runtime's CUDA provider.</summary>
    public static bool IsBuiltIn
    {
        get
        {
            OrtRuntime.EnsureEnvironment();
            return OrtEnv.Instance().GetAvailableProviders().Contains(Provider);
        }
    }

    public static bool IsPresent(string library)
    {
        if (!NativeLibrary.TryLoad(library, out nint handle))
            return false;
        NativeLibrary.Free(handle);
        return true;
    }

    /// <summary>One sentence that says what is missing for CUDA, or <see langword="null"/> where nothing is.</summary>
    public static string? FindObstacle()
    {
        if (!IsBuiltIn)
            return "this build carries no CUDA provider (build the application with -p:BlipRuntime=gpu)";
        foreach (string library in WantedLibraries)
        {
            if (!IsPresent(library))
                return $"{library} is missing (CUDA 13, cuDNN 9 and an NVIDIA driver are needed)";
        }
        return null;
    }
}
