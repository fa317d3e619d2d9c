using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Blip.Graphs;

/// <summary>What the processor can do with products of bytes.</summary>
internal static class ByteProducts
{
    /// <summary>
    /// Whether it adds products of bytes to 32-bit sums in one instruction (VNNI, or Arm's dot product). Without it, the sum of two
    /// products is kept in 16 bits and saturates, unless the weights have 7 bits.
    /// </summary>
    public static bool AreExact { get; } = HasAvx512Vnni || AvxVnni.IsSupported || Dp.IsSupported;

    // .NET names no class for AVX-512 VNNI: CPUID leaf 7, ECX bit 11.
    private static bool HasAvx512Vnni => X86Base.IsSupported && Avx512F.IsSupported && (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;
}
