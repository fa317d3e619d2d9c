using System.IO.Hashing;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Runtime;

public sealed class WeightChecksumTests
{
    [Fact]
    public void EveryLength_IsXxHash64()
    {
        byte[] bytes = new byte[3_000_001];
        new Random(1).NextBytes(bytes);
        foreach (int length in Enumerable.Range(0, 200).Append(2_359_296).Append(bytes.Length))
            Assert.Equal(XxHash64.HashToUInt64(bytes.AsSpan(0, length)), WeightChecksum.Of(bytes.AsSpan(0, length)));
    }
}
