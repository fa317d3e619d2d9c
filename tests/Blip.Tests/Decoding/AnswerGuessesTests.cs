using Blip.Decoding;
using Xunit;

namespace Blip.Tests.Decoding;

public class AnswerGuessesTests
{
    private static readonly int[] IsThere = [101, 7, 8, 9, 102], HowMany = [101, 5, 6, 9, 102];

    [Fact]
    public void For_LittleSeen_IsNothing()
    {
        AnswerGuesses guesses = new();
        for (int i = 0; i < 3; i++)
            guesses.Learn(IsThere, 40);
        Assert.Empty(guesses.For(IsThere));
    }

    [Fact]
    public void For_QuestionsThatBeginAlike_AreTheMostFrequentFirst()
    {
        AnswerGuesses guesses = new();
        foreach (int token in (int[])[41, 40, 42, 40, 41, 40, 43])
            guesses.Learn(IsThere, token);
        guesses.Learn(HowMany, 50);
        Assert.Equal([40, 41, 42], guesses.For([101, 7, 8, 1, 2, 3, 102]));
        Assert.Empty(guesses.For(HowMany));
    }

    [Fact]
    public void For_OneAnswerSeen_IsThatForEveryRow()
    {
        AnswerGuesses guesses = new();
        for (int i = 0; i < 4; i++)
            guesses.Learn(IsThere, 40);
        Assert.Equal([40, 40, 40], guesses.For(IsThere));
    }

    [Fact]
    public void For_AnswersThatVary_IsNothing()
    {
        AnswerGuesses guesses = new();
        for (int i = 0; i < 100; i++)
            guesses.Learn(IsThere, i % 10);
        Assert.Empty(guesses.For(IsThere));
    }

    [Fact]
    public void Learn_OtherAnswersLater_ForgetsTheFormer()
    {
        AnswerGuesses guesses = new();
        for (int i = 0; i < 300; i++)
            guesses.Learn(IsThere, i % 3);
        for (int i = 0; i < 600; i++)
            guesses.Learn(IsThere, 20 + (i % 3));
        Assert.Equal([20, 21, 22], guesses.For(IsThere).Order());
    }

    [Fact]
    public void Learn_ManyOpenings_IsBounded()
    {
        AnswerGuesses guesses = new();
        for (int i = 0; i < 100_000; i++)
            guesses.Learn([101, i, i], 1);
        for (int i = 0; i < 4; i++)
            guesses.Learn([101], 1);
        Assert.Equal([1, 1, 1], guesses.For([101]));
    }
}
