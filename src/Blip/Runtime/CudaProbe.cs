using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Runtime;

/// <summary>
/// Finds out whether CUDA can be used before ONNX Runtime is asked for it: its own error names neither the library that is missing nor the
/// version that is wanted.
/// </summary>
internal static unsafe class CudaProbe
{
    private const string Provider = "CUDAExecutionProvider";

    /// <summary>As the driver counts: 1000 for a major version and 10 for a minor one.</summary>
    private const int LeastDriver = 13_000;

    /// <summary>CUDA's error for a machine without a GPU.</summary>
    private const int NoDevice = 100;

    private static readonly string Driver = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>
    /// What ONNX Runtime's CUDA provider is linked against (read off its dynamic section), the driver first, and cuDNN, which it loads when
    /// it runs.
    /// </summary>
    public static IReadOnlyList<string> WantedLibraries { get; } = OperatingSystem.IsWindows()
        ? [Driver, "cudart64_13.dll", "cublasLt64_13.dll", "cublas64_13.dll", "curand64_10.dll", "cudnn64_9.dll"]
        : [Driver, "libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcudnn.so.9"];

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
    /// <param name="deviceId">Which GPU is wanted, counted from 0.</param>
    public static string? FindObstacle(int deviceId) =>
        IsBuiltIn ? FindObstacle(IsPresent, DriverVersion, DeviceCount, deviceId)
            : "this application contains no CUDA provider (add the package Blip.Runtime.Gpu)";

    /// <param name="isPresent">Whether a library can be loaded.</param>
    /// <param name="driverVersion">The newest CUDA that the driver knows, or <see langword="null"/> where it does not say.</param>
    /// <param name="deviceCount">How many GPUs the driver finds, or <see langword="null"/> where it does not say.</param>
    /// <param name="deviceId">Which of them is wanted.</param>
    internal static string? FindObstacle(Func<string, bool> isPresent, Func<int?> driverVersion, Func<int?> deviceCount, int deviceId)
    {
        foreach (string library in WantedLibraries)
        {
            if (!isPresent(library))
            {
                return OtherVersions(library).FirstOrDefault(isPresent) is { } other
                    ? $"{library} is missing, and {other} is of another version (CUDA 13 and cuDNN 9 are needed)"
                    : $"{library} is missing (CUDA 13, cuDNN 9 and an NVIDIA driver are needed)";
            }
            if (library == Driver && driverVersion() is { } version and < LeastDriver)
                return string.Create(CultureInfo.InvariantCulture,
                    $"the NVIDIA driver supports CUDA {version / 1000}.{version % 1000 / 10}, but CUDA 13 is needed: "
                    + $"install a newer driver");
        }
        return deviceCount() is { } count && count <= deviceId
            ? string.Create(CultureInfo.InvariantCulture, $"there is no cuda:{deviceId}, GPUs found: {count}")
            : null;
    }

    /// <summary>The same library as earlier and later versions of CUDA and cuDNN name it.</summary>
    private static IEnumerable<string> OtherVersions(string library)
    {
        if (library == Driver)
            yield break;
        // libcudart.so.13, cudart64_13.dll
        bool windows = library.EndsWith(".dll", StringComparison.Ordinal);
        int end = library.LastIndexOf(windows ? '_' : '.') + 1;
        foreach (int major in (int[])[14, 13, 12, 11, 10, 9, 8])
        {
            string other = string.Create(CultureInfo.InvariantCulture, $"{library[..end]}{major}{(windows ? ".dll" : "")}");
            if (other != library)
                yield return other;
        }
    }

    private static int? DriverVersion() => NativeLibrary.TryLoad(Driver, out nint driver) ? Ask(driver, "cuDriverGetVersion") : null;

    /// <summary>The library is not unloaded: ONNX Runtime needs it next.</summary>
    private static int? DeviceCount()
    {
        if (!NativeLibrary.TryLoad(Driver, out nint driver) || !NativeLibrary.TryGetExport(driver, "cuInit", out nint start))
            return null;
        // A driver that finds no GPU does not start.
        return ((delegate* unmanaged<uint, int>)start)(0) switch
        {
            0 => Ask(driver, "cuDeviceGetCount"),
            NoDevice => 0,
            _ => null,
        };
    }

    /// <summary>The number that a function of the driver gives, or <see langword="null"/> where there is none.</summary>
    private static int? Ask(nint driver, string name)
    {
        int number = 0;
        return NativeLibrary.TryGetExport(driver, name, out nint function)
            && ((delegate* unmanaged<int*, int>)function)(&number) == 0 ? number : null;
    }
}
