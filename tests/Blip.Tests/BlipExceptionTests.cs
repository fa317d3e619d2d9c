using Xunit;

namespace Blip.Tests;

public class BlipExceptionTests
{
    [Theory]
    [InlineData("busy")]
    [InlineData("image_too_large")]
    public void New_ACode_IsKept(string code) => Assert.Equal(code, new BlipException(code, "The queue is full.").Code);

    [Theory]
    [InlineData("The queue is full.")]
    [InlineData("Busy")]
    [InlineData("image-too-large")]
    [InlineData("image__large")]
    [InlineData("_busy")]
    [InlineData("busy_")]
    [InlineData("busy\n")]
    [InlineData("")]
    public void New_AMessageInPlaceOfACode_IsRefused(string code) =>
        Assert.Throws<ArgumentException>(nameof(code), () => new BlipException(code, "busy"));

    [Fact]
    public void ModelException_HasTheCodeOfItsKind()
    {
        InvalidOperationException cause = new();
        BlipModelException broken = new("config.json is broken.", cause),
            missing = BlipModelException.NotFound("There is no folder.", cause);
        Assert.Equal((BlipErrorCode.ModelInvalid, "config.json is broken.", cause), (broken.Code, broken.Message, broken.InnerException));
        Assert.Equal((BlipErrorCode.ModelNotFound, "There is no folder.", cause), (missing.Code, missing.Message, missing.InnerException));
    }
}
