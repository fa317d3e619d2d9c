namespace Blip;

/// <summary>Where a model runs.</summary>
public enum BlipDevice
{
    /// <summary>CUDA where it works, otherwise the CPU; what was chosen is in <see cref="BlipModelInfo.Device"/>.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU, or an error that says what is missing. Needs the package Blip.Runtime.Gpu.</summary>
    Cuda,
}
