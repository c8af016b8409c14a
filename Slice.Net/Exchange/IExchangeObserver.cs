namespace Slice.Net.Exchange;

/// <summary>Is told of every exchange once it has finished, refused ones too. Thread-safe; must neither wait nor throw.</summary>
internal interface IExchangeObserver
{
    /// <summary>An exchange has finished. The record is valid during the call only.</summary>
    void Finished(in ExchangeRecord record);
}
