using System.Globalization;
using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests.Checkpoints;

public class CheckpointDigestTests
{
    // Kept weights and answer documents hold these digests. A change of them makes all of those outdated.
    internal const string DemoDigest = "bbaba09ecc8864175bf4ab4f1b5c3e7f36bd4c6c8f3ffc802fdfd77bd071cab4";

    [Fact]
    public void ComputeDigest_DemoModel_IsWhatItWasInEveryVersion()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
        Assert.Equal(DemoDigest, checkpoint.ComputeDigest());
    }

    [Theory]
    [InlineData("base", "e0c086c8da2b55e49e4fb9cae2a80242391a3089d6bd2c0356963584fbc6b9ad")]
    [InlineData("fp16", "6d8f4e702801dd4e8a3d2c5821d801d1da27b671ecfd8e4bf071c0da3505989d")]
    [InlineData("bf16", "975d839b54f70758620923a0af3a1a41496f55c249ef8cad286b7e8441593b89")]
    [InlineData("form-bin", "10285a06a01dea722066c4972a3d00d9f5d28558c0eb3cce1ab2bb51258e7fd1")]
    [InlineData("form-bin-legacy", "10285a06a01dea722066c4972a3d00d9f5d28558c0eb3cce1ab2bb51258e7fd1")]
    [InlineData("form-old-names", "a9879c8468efbdc87e633a907f1898e5064ab0008048d4adee0dd27a0c414745")]
    public void ComputeDigest_EveryForm_IsWhatItWasInEveryVersion(string model, string digest)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder(model));
        Assert.Equal(digest, checkpoint.ComputeDigest());
    }

    [Theory]
    [InlineData(",", "-")]
    [InlineData(".", "\u2212")]
    [InlineData("\u066b", "\u061c-")]
    public void ComputeDigest_InAnotherCulture_IsTheSame(string decimalSeparator, string negativeSign)
    {
        CultureInfo before = CultureInfo.CurrentCulture, other = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (other.NumberFormat.NumberDecimalSeparator, other.NumberFormat.NegativeSign) = (decimalSeparator, negativeSign);
        using Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
        string fingerprint = checkpoint.Fingerprint;
        CultureInfo.CurrentCulture = other;
        try
        {
            Assert.Equal(DemoDigest, checkpoint.ComputeDigest());
            Assert.Equal(fingerprint, checkpoint.Fingerprint);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void ComputeDigest_SameWeightsInShards_IsTheSame_OneBitElse_IsAnother()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        string weights = Path.Combine(folder.Path, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        using Checkpoint original = Checkpoint.Open(GoldenModels.Folder("base"));
        using Checkpoint sharded = Checkpoint.Open(GoldenModels.Folder("form-sharded"));
        using Checkpoint changed = Checkpoint.Open(folder.Path);
        Assert.Matches("^[0-9a-f]{64}$", original.ComputeDigest());
        Assert.Equal(original.ComputeDigest(), sharded.ComputeDigest());
        Assert.NotEqual(original.ComputeDigest(), changed.ComputeDigest());
    }

    [Fact]
    public void ComputeDigest_OtherPreprocessing_IsAnother()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        string path = Path.Combine(folder.Path, "preprocessor_config.json");
        File.WriteAllText(path, """{"size":64,"image_mean":[0.1,0.2,0.3]}""");
        using Checkpoint original = Checkpoint.Open(GoldenModels.Folder("base")), changed = Checkpoint.Open(folder.Path);
        Assert.NotEqual(original.ComputeDigest(), changed.ComputeDigest());
    }

    [Fact]
    public void ComputeDigest_Again_IsRemembered()
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder("base"));
        Assert.Same(checkpoint.ComputeDigest(), checkpoint.ComputeDigest());
    }
}
