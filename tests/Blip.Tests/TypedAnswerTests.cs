using Xunit;

namespace Blip.Tests;

/// <summary>An answer in words is a value only where it is that value's name.</summary>
public sealed class TypedAnswerTests
{
    [Theory]
    [InlineData("green", Thing.Green)]
    [InlineData(" Green ", Thing.Green)]
    [InlineData("fire truck", Thing.FireTruck)]
    [InlineData("green, blue", null)]
    [InlineData("green,blue", null)]
    [InlineData("green|blue", null)]
    [InlineData("green + blue", null)]
    [InlineData("1", null)]
    [InlineData("-1", null)]
    [InlineData("+1", null)]
    [InlineData("yellow", null)]
    [InlineData("", null)]
    public void Parse_Enumeration_TakesOneNameAndNothingElse(string text, Thing? value) =>
        Assert.Equal(value, TypedAnswer<Thing>.Parse(new Answer { Text = text }).Value);

    /// <summary>Each name in words, as it is ranked, is that name again.</summary>
    [Fact]
    public void Parse_RankedName_IsItself() => Assert.Equal(
        Enum.GetValues<Alike>().Cast<Alike?>(),
        TypedAnswer<Alike>.Choices.Select(text => TypedAnswer<Alike>.Parse(new Answer { Text = text }).Value));

    [Theory]
    [InlineData("two", 2)]
    [InlineData("Two", 2)]
    [InlineData("12", 12)]
    [InlineData("-1", null)]
    [InlineData("1,000", null)]
    [InlineData("1 or 2", null)]
    [InlineData("thirteen", 13)]
    [InlineData("thirty", null)]
    public void Parse_Number_TakesOneNumberAndNothingElse(string text, int? value) =>
        Assert.Equal(value, TypedAnswer<int>.Parse(new Answer { Text = text }).Value);

    [Theory]
    [InlineData("yes", true)]
    [InlineData("no", false)]
    [InlineData("Yes", true)]
    [InlineData("yes and no", null)]
    public void Parse_Truth_TakesYesAndNoAndNothingElse(string text, bool? value) =>
        Assert.Equal(value, TypedAnswer<bool>.Parse(new Answer { Text = text }).Value);

#pragma warning disable CA1034 // Theories are public, and so are the types of their data.
    public enum Thing
#pragma warning restore CA1034
    {
        Red,
        Green,
        Blue,
        Both,
        FireTruck,
    }

    private enum Alike
    {
        Firetruck,
        FireTruck,
        _Unknown,
    }
}
