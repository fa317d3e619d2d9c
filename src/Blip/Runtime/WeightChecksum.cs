using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using static System.Numerics.BitOperations;

namespace Blip.Runtime;

/// <summary>
/// XXH64 (the xxHash specification, seed 0) of weights. System.IO.Hashing is as fast once it is compiled with all optimisations, but a
/// process that starts hashes before that: it cost a tenth of the time to the first answer from kept weights.
/// </summary>
internal static class WeightChecksum
{
    private const ulong P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9, P4 = 0x85EBCA77C2B2AE63;
    private const ulong P5 = 0x27D4EB2F165667C5;

    /// <summary>The checksum of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe ulong Of(ReadOnlySpan<byte> bytes)
    {
        ulong sum = P5;
        int blocks = bytes.Length / 32;
        if (blocks > 0)
        {
            ulong first = unchecked(P1 + P2), second = P2, third = 0, fourth = unchecked(0 - P1);
            fixed (byte* start = bytes)
            {
                // A little-endian machine, as everything here that maps weights.
                for (ulong* word = (ulong*)start, end = word + 4 * blocks; word < end; word += 4)
                {
                    first = Round(first, word[0]);
                    second = Round(second, word[1]);
                    third = Round(third, word[2]);
                    fourth = Round(fourth, word[3]);
                }
            }
            sum = RotateLeft(first, 1) + RotateLeft(second, 7) + RotateLeft(third, 12) + RotateLeft(fourth, 18);
            foreach (ulong lane in (ReadOnlySpan<ulong>)[first, second, third, fourth])
                sum = (sum ^ Round(0, lane)) * P1 + P4;
        }
        sum += (ulong)bytes.Length;
        ReadOnlySpan<byte> rest = bytes[(32 * blocks)..];
        for (; rest.Length >= 8; rest = rest[8..])
            sum = RotateLeft(sum ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest)), 27) * P1 + P4;
        if (rest.Length >= 4)
        {
            sum = RotateLeft(sum ^ BinaryPrimitives.ReadUInt32LittleEndian(rest) * P1, 23) * P2 + P3;
            rest = rest[4..];
        }
        foreach (byte last in rest)
            sum = RotateLeft(sum ^ last * P5, 11) * P1;
        sum = (sum ^ (sum >> 33)) * P2;
        sum = (sum ^ (sum >> 29)) * P3;
        return sum ^ (sum >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Round(ulong lane, ulong word) => RotateLeft(lane + word * P2, 31) * P1;
}
